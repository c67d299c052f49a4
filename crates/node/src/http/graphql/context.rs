//! Who is asking: the hook by which the node puts its own things into a request.

use std::future::Future;

use async_graphql::Data;
use axum::http::{HeaderMap, header};
use graphql::guard::{Admitted, Allowed};

use super::super::address::ClientAddress;
use super::super::load::{Asker, Load};
use super::kept::Answers;
use super::refused::Refused;

/// What is known of a caller before anything is executed.
#[derive(Clone, Copy, Debug)]
pub struct Caller<'a> {
    /// The headers of the request, or of the one that opened the WebSocket.
    pub headers: &'a HeaderMap,
    /// Where it asks from; nothing where no server put that in.
    pub client: Option<ClientAddress>,
    /// The credentials: the header `Authorization`, or what `connection_init` says under that name.
    pub authorization: Option<&'a str>,
}

impl Caller<'_> {
    /// The client's address as text, without its port: the one place where it is said from where somebody asks.
    pub fn client_address(&self) -> Option<String> {
        Some(self.client?.ip.to_string())
    }
}

/// Turns a caller into what resolvers find in their context.
pub trait RequestContext: Send + Sync + 'static {
    /// Who asks, kept for as long as a WebSocket is open.
    type Viewer: Send + Sync + 'static;

    /// Recognises a caller. A WebSocket's is asked once, when it has sent its credentials.
    ///
    /// # Errors
    /// The credentials are wrong; [`Refused::unauthenticated`] says so.
    fn identify(
        &self,
        caller: Caller<'_>,
    ) -> impl Future<Output = Result<Self::Viewer, Refused>> + Send;

    /// Whether what a viewer may do can end or change while a WebSocket is open, so that it is recognised again before each
    /// operation and with each ping, by the same credentials.
    fn may_change(&self, _viewer: &Self::Viewer) -> bool {
        false
    }

    /// What a viewer may ask beside the data.
    fn allowed(&self, _viewer: &Self::Viewer) -> Allowed {
        Allowed::default()
    }

    /// Whether a viewer may send files. Of one who may not none is read, and the resolvers say why.
    fn may_send_files(&self, _viewer: &Self::Viewer) -> bool {
        true
    }

    /// What the resolvers of one operation find in their context.
    fn data(
        &self,
        viewer: &Self::Viewer,
        caller: Caller<'_>,
        admitted: &Admitted,
    ) -> impl Future<Output = Data> + Send;

    /// The answers that are kept, if any are.
    fn answers(&self) -> Option<&Answers> {
        None
    }

    /// How much is asked, if that is counted.
    fn load(&self) -> Option<&Load> {
        None
    }

    /// Whether a caller is the operator, told without asking anything. Nobody's guesses keep the operator out.
    fn is_operator(&self, _caller: Caller<'_>) -> bool {
        false
    }

    /// As whom a viewer is counted.
    fn asker(&self, _viewer: &Self::Viewer) -> Asker {
        Asker::Anyone
    }

    /// A number for the rights of a viewer: all of the same number are given the same answers. Nothing for one who is
    /// always answered anew.
    fn rights(&self, _viewer: &Self::Viewer) -> Option<u8> {
        None
    }

    /// Whether a page of this origin may open a WebSocket. Browsers send the origin and let any page connect; other
    /// clients send none.
    fn allows_origin(&self, headers: &HeaderMap) -> bool {
        is_same_origin(headers)
    }
}

/// Whether a request comes from a page of this very host, or from no page.
pub fn is_same_origin(headers: &HeaderMap) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else {
        return true;
    };
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    let origin = origin.to_str().ok();
    let authority = origin.and_then(|origin| Some(origin.split_once("://")?.1));
    match (authority, host) {
        (Some(authority), Some(host)) => authority.eq_ignore_ascii_case(host),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(origin: Option<&'static str>, host: Option<&'static str>, same: bool) {
        let mut headers = HeaderMap::new();
        if let Some(origin) = origin {
            headers.insert(header::ORIGIN, origin.parse().unwrap());
        }
        if let Some(host) = host {
            headers.insert(header::HOST, host.parse().unwrap());
        }
        assert_eq!(is_same_origin(&headers), same, "{origin:?} {host:?}");
    }

    #[test]
    fn pages_of_other_hosts_are_told_from_ours() {
        check(None, Some("hub.id:4000"), true);
        check(Some("https://hub.id:4000"), Some("hub.id:4000"), true);
        check(Some("https://HUB.id"), Some("hub.id"), true);
        check(Some("https://evil.id"), Some("hub.id"), false);
        check(Some("https://hub.id:4001"), Some("hub.id:4000"), false);
        check(Some("https://hub.id.evil.id"), Some("hub.id"), false);
        check(Some("null"), Some("hub.id"), false);
        check(Some("https://hub.id"), None, false);
    }
}
