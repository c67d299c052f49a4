//! Why a connection ends, in the codes of graphql-transport-ws and of RFC 6455, section 7.4.1.

use std::borrow::Cow;

use axum::extract::ws::CloseFrame;

/// The end of a connection, as the client is told.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Close {
    pub(super) code: u16,
    pub(super) reason: Cow<'static, str>,
}

/// Longest reason that fits a close frame, in bytes.
const MAX_REASON_BYTES: usize = 123;

impl Close {
    pub(super) const GOING_AWAY: Self = Self::new(1001, "the hub shuts down");
    pub(super) const SILENT: Self = Self::new(1001, "no answer to ping");
    pub(super) const TOO_LARGE: Self = Self::new(1009, "message too large");
    pub(super) const INTERNAL: Self = Self::new(1011, "internal error");
    /// 1013 is in the registry of RFC 6455, section 11.7.
    pub(super) const TRY_AGAIN: Self = Self::new(1013, "too much is asked; come again later");
    pub(super) const UNAUTHORIZED: Self = Self::new(4401, "connection_init comes first");
    pub(super) const SIGNED_OUT: Self = Self::new(
        4401,
        "the session or token ended; sign in and connect again",
    );
    pub(super) const SUBPROTOCOL: Self =
        Self::new(4406, "the subprotocol must be graphql-transport-ws");
    pub(super) const INIT_TIMEOUT: Self = Self::new(4408, "connection_init did not come in time");
    pub(super) const TOO_MANY_INITS: Self = Self::new(4429, "connection_init came twice");

    pub(super) fn bad_request(reason: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code: 4400,
            reason: reason.into(),
        }
    }

    pub(super) fn forbidden(reason: Cow<'static, str>) -> Self {
        Self { code: 4403, reason }
    }

    pub(super) fn id_in_use(id: &str) -> Self {
        Self {
            code: 4409,
            reason: format!("an operation with the id {id} is running").into(),
        }
    }

    pub(super) fn into_frame(self) -> CloseFrame {
        let mut end = self.reason.len().min(MAX_REASON_BYTES);
        while !self.reason.is_char_boundary(end) {
            end -= 1;
        }
        CloseFrame {
            code: self.code,
            reason: self.reason[..end].into(),
        }
    }

    const fn new(code: u16, reason: &'static str) -> Self {
        let reason = Cow::Borrowed(reason);
        Self { code, reason }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_cut_to_what_a_close_frame_holds() {
        let frame = Close::id_in_use(&"é".repeat(100)).into_frame();
        assert!(
            (122..=123).contains(&frame.reason.len()),
            "{}",
            frame.reason.len()
        );
        assert_eq!(
            Close::bad_request("short").into_frame().reason.as_str(),
            "short"
        );
    }
}
