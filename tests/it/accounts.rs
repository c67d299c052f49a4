//! Accounts through the public API of a whole hub: who signs in, and what they may do. `matrix`: every role and every mutation.
//! `agencies`: what contributors see and write. `signing`: passwords, sessions, tokens. `factors`: what is asked for beside a password.
//! `passkeys`: devices instead of it. `oidc`: accounts of a real provider; `liars`: of providers that lie.

mod agencies;
pub(crate) mod factors;
mod liars;
mod matrix;
mod oidc;
pub(crate) mod passkeys;
mod signing;

use reqwest::header::{COOKIE, SET_COOKIE};
use serde_json::{Value, json};
use testkit::Federation;
use testkit::api::Answer;

pub(crate) const PASSWORD: &str = "kuda nil makan pisang";

/// A browser: it keeps the cookie that the hub gives it.
#[derive(Clone, Debug)]
pub(crate) struct Browser {
    url: String,
    client: reqwest::Client,
    cookie: Option<String>,
    /// What the hub said of the cookie, as it is.
    set: Option<String>,
    headers: Vec<(&'static str, String)>,
}

impl Browser {
    pub(crate) fn at(hubs: &Federation, hub: &str) -> Self {
        Self {
            url: hubs.api(hub).url().to_owned(),
            client: hubs.api(hub).http().clone(),
            cookie: None,
            set: None,
            headers: Vec::new(),
        }
    }

    pub(crate) async fn ask(&mut self, document: &str, variables: Value) -> Answer {
        let body = json!({"query": document, "variables": variables});
        let mut request = self
            .client
            .post(format!("{}/graphql", self.url))
            .json(&body);
        if let Some(cookie) = &self.cookie {
            request = request.header(COOKIE, cookie);
        }
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        let response = request.send().await.expect("the hub answers");
        let set = response.headers().get(SET_COOKIE);
        if let Some(set) = set.map(|value| value.to_str().unwrap().to_owned()) {
            let pair = set.split(';').next().unwrap().to_owned();
            self.cookie = Some(pair).filter(|pair| !pair.ends_with('='));
            self.set = Some(set);
        }
        Answer {
            status: response.status().as_u16(),
            body: response.json().await.expect("the answer is JSON"),
        }
    }

    /// What it sends of the hub's.
    pub(crate) fn cookie(&self) -> &str {
        self.cookie.as_deref().expect("it is signed in")
    }

    /// Who the hub says is asking.
    async fn is(&mut self) -> Option<String> {
        let asked = self.ask("{ viewer { account { name } } }", json!({})).await;
        asked.data()["viewer"]["account"]["name"]
            .as_str()
            .map(str::to_owned)
    }

    pub(crate) async fn sign_in(&mut self, name: &str, password: &str) -> Answer {
        let document = "mutation($name: String!, $password: String!) {
            signIn(name: $name, password: $password) { name } }";
        self.ask(document, json!({"name": name, "password": password}))
            .await
    }

    pub(crate) async fn accept(&mut self, invitation: &str, password: &str) -> Answer {
        let document = "mutation($invitation: String!, $password: String!) {
            acceptInvitation(invitation: $invitation, password: $password) { name } }";
        let variables = json!({"invitation": invitation, "password": password});
        self.ask(document, variables).await
    }

    /// Makes a token of the account that is signed in.
    pub(crate) async fn token(&mut self, scope: &str) -> String {
        let document = "mutation($scope: TokenScope!) { createToken(name: \"uji\", scope: $scope) { secret } }";
        let made = self.ask(document, json!({"scope": scope})).await.data();
        made["createToken"]["secret"].as_str().unwrap().to_owned()
    }
}

/// Adds an account as the operator, and gives its id and the secret of its invitation.
pub(crate) async fn add(
    hubs: &Federation,
    hub: &str,
    name: &str,
    roles: Value,
) -> (String, String) {
    let document = "mutation($name: String!, $roles: [RoleInput!]!) {
        addAccount(name: $name, display: \"Akun uji\", roles: $roles) { secret account { id } } }";
    let variables = json!({"name": name, "roles": roles});
    let added = hubs.api(hub).mutate(document, variables).await;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let added = &added["addAccount"];
    (text(&added["account"]["id"]), text(&added["secret"]))
}

/// A browser that is signed in with a new account of these roles.
pub(crate) async fn signed_in(hubs: &Federation, hub: &str, name: &str, roles: Value) -> Browser {
    let (_, invitation) = add(hubs, hub, name, roles).await;
    let mut browser = Browser::at(hubs, hub);
    browser.accept(&invitation, PASSWORD).await.data();
    browser
}

/// The first code of an answer; nothing for one without errors.
pub(crate) fn code(answer: &Answer) -> String {
    answer
        .codes()
        .first()
        .copied()
        .unwrap_or_default()
        .to_owned()
}
