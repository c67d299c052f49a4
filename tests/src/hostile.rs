//! What hostile clients do to somebody who asks as usual: `attack` has the attackers, `scene` the hubs and the usual client.

pub mod attack;
pub mod scene;
