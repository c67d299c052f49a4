//! Accounts of another system: a whole way through a real provider (npm `oidc-provider`, run as a process of its own).

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Stdio;

use domain::audit::{Action, Event, Outcome};
use reqwest::header::{CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE};
use reqwest::redirect::Policy;
use reqwest::{Client, Response, Url};
use serde_json::{Value, json};
use testkit::Federation;
use testkit::drawing::Drawing;
use testkit::patience::{PATIENCE, eventually};
use testkit::program::Program;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use super::{Browser, add};
use crate::audit::events_after;
use crate::conformance::install;

/// Letters that a form and a header write otherwise, among them.
const SECRET: &str = "a-secret-of-32-characters-or-more: %&+";

/// The provider's process.
struct RealProvider {
    issuer: String,
    told: ChildStdin,
    said: Lines<BufReader<ChildStdout>>,
    _process: Child,
}

impl RealProvider {
    async fn start() -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("oidc");
        install(&folder).await;
        let mut process = Command::new("node")
            .arg("provider.mjs")
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("node starts");
        let said = process.stdout.take().expect("it is piped");
        let mut provider = Self {
            issuer: String::new(),
            told: process.stdin.take().expect("it is piped"),
            said: BufReader::new(said).lines(),
            _process: process,
        };
        let ready = provider.hear().await;
        let issuer = ready.strip_prefix("ready ").expect("it says where it is");
        issuer.clone_into(&mut provider.issuer);
        provider
    }

    async fn hear(&mut self) -> String {
        let line = tokio::time::timeout(PATIENCE, self.said.next_line()).await;
        let line = line.expect("the provider says something in time");
        line.expect("its output can be read").expect("it goes on")
    }

    async fn tell(&mut self, what: Value) {
        let line = format!("{what}\n");
        self.told.write_all(line.as_bytes()).await.unwrap();
        assert_eq!(self.hear().await, "told");
    }

    /// Says who is who there.
    async fn knows(&mut self, login: &str, roles: &[&str]) {
        let claims = json!({"name": "Ada Lovelace", "preferred_username": "Ada@Kantor.example", "roles": roles});
        self.tell(json!({ "people": { login: claims } })).await;
    }
}

/// A browser that goes from one site to another, and keeps the cookies of each.
#[derive(Clone)]
pub(super) struct Traveller {
    client: Client,
    cookies: BTreeMap<(String, String), String>,
}

impl Traveller {
    pub(super) fn new() -> Self {
        let client = Client::builder().redirect(Policy::none()).no_proxy();
        Self {
            client: client.build().unwrap(),
            cookies: BTreeMap::new(),
        }
    }

    pub(super) async fn go(&mut self, url: &Url, form: Option<&str>) -> Response {
        let host = url.authority().to_owned();
        let own = self.cookies.iter().filter(|((of, _), _)| *of == host);
        let own: Vec<_> = own
            .map(|((_, name), value)| format!("{name}={value}"))
            .collect();
        let request = match form {
            Some(form) => self
                .client
                .post(url.clone())
                .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                .body(form.to_owned()),
            None => self.client.get(url.clone()),
        };
        let answer = request.header(COOKIE, own.join("; ")).send().await.unwrap();
        for set in answer.headers().get_all(SET_COOKIE) {
            let set = set.to_str().unwrap();
            let (name, value) = set.split(';').next().unwrap().split_once('=').unwrap();
            let key = (host.clone(), name.to_owned());
            if value.is_empty() {
                self.cookies.remove(&key);
            } else {
                self.cookies.insert(key, value.to_owned());
            }
        }
        answer
    }

    pub(super) fn cookie(&self, hub: &str, name: &str) -> Option<&String> {
        let host = hub.trim_start_matches("http://").to_owned();
        self.cookies.get(&(host, name.to_owned()))
    }

    /// Begins at a hub, and gives the address to which it sends the browser.
    pub(super) async fn begin(&mut self, hub: &str, provider: &str, to: &str) -> Url {
        let mut url = Url::parse(&format!("{hub}/auth/{provider}/start")).unwrap();
        url.query_pairs_mut().append_pair("to", to);
        let answer = self.go(&url, None).await;
        assert_eq!(
            answer.status().as_u16(),
            303,
            "{}",
            answer.text().await.unwrap()
        );
        Url::parse(location(&answer)).unwrap()
    }

    /// Signs in at the provider, or refuses there, and gives the address to which it sends the browser back.
    async fn sign_in_there(&mut self, begun: Url, login: Option<&str>) -> Url {
        let mut url = begun.clone();
        while url.authority() == begun.authority() {
            let mut answer = self.go(&url, None).await;
            if answer.status().as_u16() == 200 {
                let html = answer.text().await.unwrap();
                let between = |before: &str| html.split(before).nth(1)?.split('"').next();
                let prompt = between("name=\"prompt\" value=\"").unwrap();
                answer = if let Some(login) = login {
                    let form = format!("prompt={prompt}&login={login}&password=x");
                    let action = url.join(between("action=\"").unwrap()).unwrap();
                    self.go(&action, Some(&form)).await
                } else {
                    let abort = Url::parse(&format!("{url}/abort")).unwrap();
                    self.go(&abort, None).await
                };
            }
            url = url.join(location(&answer)).unwrap();
        }
        url
    }

    /// The whole way, and what the hub answers in the end.
    async fn sign_in(&mut self, hub: &str, provider: &str, login: &str) -> (u16, String) {
        let begun = self.begin(hub, provider, "/graphiql/?a=b").await;
        let back = self.sign_in_there(begun, Some(login)).await;
        self.come_back(&back).await
    }

    pub(super) async fn come_back(&mut self, back: &Url) -> (u16, String) {
        let answer = self.go(back, None).await;
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    /// The same browser, for questions to the hub.
    pub(super) fn asking(&self, hubs: &Federation) -> Browser {
        let mut browser = Browser::at(hubs, "a");
        let session = self.cookie(&browser.url, "simpul");
        browser.cookie = session.map(|value| format!("simpul={value}"));
        browser
    }
}

fn location(answer: &Response) -> &str {
    let location = answer.headers().get(LOCATION);
    location.expect("it sends the browser on").to_str().unwrap()
}

/// Writes a secret as an operator would.
pub(super) fn secret_file(folder: &Path, secret: &str) -> String {
    let file = folder.join("client.secret");
    node::keys::write_secret(&file, &format!("{secret}\n")).unwrap();
    file.display().to_string()
}

const WHO: &str =
    "{ viewer { account { name display hasPassword roles { role } sessions { began } } } }";

#[tokio::test]
async fn somebody_signs_in_with_an_account_of_a_real_provider() {
    let mut provider = RealProvider::start().await;
    let folder = tempfile::tempdir().unwrap();
    let (issuer, secret) = (provider.issuer.clone(), secret_file(folder.path(), SECRET));
    let settings = format!(
        "[http]\npublic_url = \"http://127.0.0.1:{{port}}\"\n
[[oidc]]\nname = \"kantor\"\ntitle = \"Akun kantor\"\nissuer = \"{issuer}\"\nclient_id = \"confidential\"
client_secret_file = \"{secret}\"\nscopes = [\"profile\", \"roles\"]\nrole_claim = \"roles\"
roles = {{ admin = \"OPERATOR\", kurator = \"CURATOR\" }}\n
[[oidc]]\nname = \"terbuka\"\nissuer = \"{issuer}\"\nclient_id = \"public\"\nscopes = [\"profile\"]\n"
    );
    let hubs = Federation::build(Drawing::of(["a"]).configured("a", &settings)).await;
    let hub = hubs.api("a").url().to_owned();
    let redirect = |name: &str| [format!("{hub}/auth/{name}/callback")];
    let redirects = json!({"confidential": redirect("kantor"), "public": redirect("terbuka")});
    provider.tell(json!({ "redirects": redirects })).await;
    provider.knows("ada", &["admin", "kurator", "lain"]).await;
    let options = hubs
        .api("a")
        .query(
            "{ signInOptions { providers { name title url } } }",
            json!({}),
        )
        .await;
    assert_eq!(
        options["signInOptions"]["providers"],
        json!([{"name": "kantor", "title": "Akun kantor", "url": "/auth/kantor/start"},
            {"name": "terbuka", "title": "terbuka", "url": "/auth/terbuka/start"}])
    );

    // Somebody of that name is here already, and has nothing to do with it.
    add(&hubs, "a", "ada", json!([{"role": "READER"}])).await;
    let mut ada = Traveller::new();
    let (status, page) = ada.sign_in(&hub, "kantor", "ada").await;
    assert_eq!(status, 200, "{page}");
    assert!(page.contains("content=\"0;url=/graphiql/?a=b\""), "{page}");
    assert_eq!(ada.cookie(&hub, "simpul-begun"), None);
    let who = ada.asking(&hubs).ask(WHO, json!({})).await.data();
    let expected = json!({"name": "ada-2", "display": "Ada Lovelace", "hasPassword": false,
        "roles": [{"role": "CURATOR"}, {"role": "OPERATOR"}], "sessions": [{"began": "PROVIDER"}]});
    assert_eq!(who["viewer"]["account"], expected);

    // Roles follow at each sign-in.
    provider.knows("ada", &["kurator"]).await;
    assert_eq!(Traveller::new().sign_in(&hub, "kantor", "ada").await.0, 200);
    let who = ada.asking(&hubs).ask(WHO, json!({})).await.data();
    assert_eq!(
        who["viewer"]["account"]["roles"],
        json!([{"role": "CURATOR"}])
    );
    // The other client is of the same issuer, so it is the same account; it says nothing of roles.
    let (status, page) = Traveller::new().sign_in(&hub, "terbuka", "ada").await;
    assert_eq!(status, 200, "{page}");
    let who = ada.asking(&hubs).ask(WHO, json!({})).await.data();
    assert_eq!(
        who["viewer"]["account"]["roles"],
        json!([{"role": "CURATOR"}])
    );
    assert_eq!(
        who["viewer"]["account"]["sessions"]
            .as_array()
            .unwrap()
            .len(),
        3
    );
    provider.knows("ada", &["lain"]).await;
    let (status, page) = Traveller::new().sign_in(&hub, "kantor", "ada").await;
    assert_eq!(status, 403, "{page}");
    assert_eq!(
        ada.asking(&hubs).is().await,
        None,
        "who has no role any more is signed out"
    );

    // Whom the provider knows and no role is for has no account; one that an operator links has the roles that he gave it.
    provider.knows("budi", &[]).await;
    assert_eq!(
        Traveller::new().sign_in(&hub, "terbuka", "budi").await.0,
        403
    );
    add(&hubs, "a", "budi", json!([{"role": "STEWARD"}])).await;
    let (program, config) = (Program::new(), link_settings(&hubs, &settings));
    let arguments = [
        "--config", &config, "account", "link", "budi", "terbuka", "budi",
    ];
    program.well(&arguments).await;
    let mut budi = Traveller::new();
    assert_eq!(budi.sign_in(&hub, "terbuka", "budi").await.0, 200);
    assert_eq!(budi.asking(&hubs).is().await.as_deref(), Some("budi"));
    let arguments = [
        "--config", &config, "account", "unlink", "budi", "terbuka", "budi",
    ];
    program.well(&arguments).await;
    assert_eq!(budi.asking(&hubs).is().await, None);

    provider.knows("ada", &["kurator"]).await;
    only_the_browser_that_began_is_signed_in_and_once(&hub).await;
    what_came_of_it_is_told(&hubs).await;
}

async fn what_came_of_it_is_told(hubs: &Federation) {
    let told = eventually("refusals are told", async || {
        let told = events_after(hubs, "a", 0).await;
        let codes = told
            .iter()
            .filter_map(|listed| listed.event.code.as_deref());
        let codes: BTreeSet<_> = codes.map(str::to_owned).collect();
        let awaited = ["NOT_BEGUN", "NO_ROLE", "PROVIDER_REFUSED"];
        awaited
            .iter()
            .all(|code| codes.contains(*code))
            .then_some(told)
    });
    let told = told.await;
    let of = |action: Action, object: &str| {
        let is_one =
            |event: &&Event| event.action == action && event.object.as_deref() == Some(object);
        let events = told.iter().map(|listed| &listed.event);
        events.filter(is_one).cloned().collect::<Vec<_>>()
    };
    let entered = of(Action::SignInElsewhere, "account:ada-2");
    assert_eq!(entered.len(), 4, "{entered:?}");
    assert!(entered.iter().all(|it| it.actor == "account:ada-2"));
    let made = of(Action::AddAccount, "account:ada-2");
    assert_eq!((made.len(), made[0].actor.as_str()), (1, "self"));
    let changed = of(Action::ChangeAccount, "account:ada-2");
    let roles = |value: &Option<Value>| value.as_ref().unwrap()["roles"].clone();
    assert_eq!(roles(&changed[0].before), json!(["CURATOR", "OPERATOR"]));
    assert_eq!(roles(&changed[0].after), json!(["CURATOR"]));
    assert_eq!(roles(&changed[1].after), json!([]));
    assert_eq!(of(Action::LinkIdentity, "account:budi").len(), 1);
    assert_eq!(of(Action::UnlinkIdentity, "account:budi").len(), 1);
    let turned = of(Action::SignInElsewhere, "provider:kantor");
    assert!(
        turned
            .iter()
            .all(|it| it.outcome != Outcome::Done && it.actor == "anyone")
    );
    let text = format!("{told:?}");
    assert!(!text.contains("Lovelace"), "nobody's name is told: {text}");
}

async fn only_the_browser_that_began_is_signed_in_and_once(hub: &str) {
    let mut here = Traveller::new();
    let begun = here.begin(hub, "kantor", "/").await;
    let back = here.sign_in_there(begun, Some("ada")).await;
    let mut there = Traveller::new();
    there.begin(hub, "kantor", "/").await;
    assert_eq!(there.come_back(&back).await.0, 400, "another browser");
    assert_eq!(
        Traveller::new().come_back(&back).await.0,
        400,
        "one that began nothing"
    );
    let mut copy = here.clone();
    assert_eq!(here.come_back(&back).await.0, 200);
    assert_eq!(copy.come_back(&back).await.0, 400, "the code was used");
    let begun = here.begin(hub, "kantor", "/").await;
    let back = here.sign_in_there(begun, None).await;
    let (status, page) = here.come_back(&back).await;
    assert!(status == 400 && page.contains("access_denied"), "{page}");
}

/// The hub's settings as a file for the program, with the providers.
fn link_settings(hubs: &Federation, sections: &str) -> String {
    let file = hubs.settings("a");
    let text = std::fs::read_to_string(&file).unwrap();
    let sections = sections.replace("{port}", "1");
    std::fs::write(&file, format!("{text}\n{sections}")).unwrap();
    file
}
