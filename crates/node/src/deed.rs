//! What is done by the program itself, as the audit tells it: by whoever runs it on this machine.

use domain::audit::{Action, Actor, Deed};
use domain::clock::Clock as _;

use crate::system::SystemClock;

/// The variables in which the system tells who runs the program; who became another user is told first.
const USERS: [&str; 3] = ["SUDO_USER", "USER", "LOGNAME"];

/// That whoever runs the program does something.
pub fn by_program(action: Action) -> Deed {
    let user = USERS.iter().find_map(|name| std::env::var(name).ok());
    Deed {
        at: SystemClock.now(),
        actor: Actor::program(&user.unwrap_or_else(|| "unknown".to_owned())),
        token: None,
        action,
        origin: None,
    }
}
