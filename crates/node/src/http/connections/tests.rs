//! Real sockets that misbehave in one way each.
