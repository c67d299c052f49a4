//! Second factors: an app's codes, codes on paper, and what happens without them.

use aws_lc_rs::hmac;
use serde_json::{Value, json};
use testkit::Federation;
use testkit::drawing::Drawing;
use testkit::program::Program;

use super::{Browser, PASSWORD, add, code, signed_in};

pub(crate) const BEGIN: &str =
    "mutation($password: String!) { beginTotp(password: $password) { url secret picture } }";
pub(crate) const CONFIRM: &str = "mutation($code: String!) {
    confirmTotp(code: $code) { codes account { secondFactors { hasTotp recoveryCodes } } } }";
pub(crate) const REMOVE: &str = "mutation($password: String!, $code: String!) {
    removeTotp(password: $password, code: $code) { secondFactors { hasTotp recoveryCodes } } }";

/// An app on a telephone: RFC 6238 once more, by another library.
pub(crate) struct App {
    key: hmac::Key,
    /// The step at which the test began.
    step: u64,
}

impl App {
    pub(crate) fn told(base32: &str) -> Self {
        let (mut bits, mut held, mut secret) = (0_u32, 0_u64, Vec::new());
        for letter in base32.bytes() {
            let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
            let value = alphabet.iter().position(|known| *known == letter).unwrap();
            held = (held << 5) | u64::try_from(value).unwrap();
            bits += 5;
            if bits >= 8 {
                bits -= 8;
                secret.push(u8::try_from(held >> bits & 0xff).unwrap());
            }
        }
        assert_eq!(secret.len(), 20);
        let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
        Self {
            key: hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &secret),
            step: now / 30,
        }
    }

    /// The code of the step so many after that of the beginning. The hub takes those of now, of the step before and of the one after.
    pub(crate) fn code(&self, later: u64) -> String {
        let hash = hmac::sign(&self.key, &(self.step + later).to_be_bytes());
        let hash = hash.as_ref();
        let place = usize::from(hash[19] & 15);
        let four: [u8; 4] = hash[place..place + 4].try_into().unwrap();
        format!(
            "{:06}",
            (u32::from_be_bytes(four) & 0x7fff_ffff) % 1_000_000
        )
    }
}

impl Browser {
    async fn sign_in_with(&mut self, name: &str, password: &str, code: &str) -> super::Answer {
        let document = "mutation($name: String!, $password: String!, $code: String) {
            signIn(name: $name, password: $password, code: $code) { name sessions { began } } }";
        self.ask(
            document,
            json!({"name": name, "password": password, "code": code}),
        )
        .await
    }

    /// Sets an app up, and gives it with the codes on paper. Its first code was taken.
    async fn set_up_app(&mut self) -> (App, Vec<String>) {
        let begun = self
            .ask(BEGIN, json!({ "password": PASSWORD }))
            .await
            .data();
        let app = App::told(begun["beginTotp"]["secret"].as_str().unwrap());
        let confirmed = self.ask(CONFIRM, json!({"code": app.code(0)})).await.data();
        let codes = confirmed["confirmTotp"]["codes"].as_array().unwrap();
        let codes = codes.iter().map(|code| code.as_str().unwrap().to_owned());
        (app, codes.collect())
    }
}

#[tokio::test]
async fn an_app_is_set_up_and_asked_for() {
    let hubs = Federation::of(["a"]).await;
    let mut here = signed_in(&hubs, "a", "siti", json!([])).await;
    let mut there = Browser::at(&hubs, "a");
    there.sign_in("siti", PASSWORD).await.data();
    let wrong = here
        .ask(BEGIN, json!({"password": "bukan kata sandinya"}))
        .await;
    assert_eq!(code(&wrong), "UNAUTHENTICATED");
    let early = here.ask(CONFIRM, json!({"code": "123456"})).await;
    assert_eq!(code(&early), "BAD_USER_INPUT");
    let begun = here
        .ask(BEGIN, json!({ "password": PASSWORD }))
        .await
        .data();
    let told = &begun["beginTotp"];
    let (url, secret) = (
        told["url"].as_str().unwrap(),
        told["secret"].as_str().unwrap(),
    );
    assert_eq!(
        url,
        format!("otpauth://totp/Simpul%20hub-a:siti?secret={secret}&issuer=Simpul%20hub-a")
    );
    assert!(
        told["picture"].as_str().unwrap().starts_with("<svg"),
        "{told}"
    );
    there.sign_in("siti", PASSWORD).await.data();

    let app = App::told(secret);
    let wrong = here.ask(CONFIRM, json!({"code": "12345"})).await;
    assert_eq!(code(&wrong), "BAD_USER_INPUT");
    let before = here.clone();
    let confirmed = here.ask(CONFIRM, json!({"code": app.code(0)})).await.data();
    let confirmed = &confirmed["confirmTotp"];
    let papers = confirmed["codes"].as_array().unwrap();
    assert_eq!(
        confirmed["account"]["secondFactors"],
        json!({"hasTotp": true, "recoveryCodes": 10})
    );
    assert_eq!(here.is().await.as_deref(), Some("siti"));
    assert_eq!(
        before.clone().is().await,
        None,
        "the session has another secret"
    );
    assert_eq!(
        there.is().await,
        None,
        "whoever else was signed in is not any more"
    );
    let again = here.ask(BEGIN, json!({ "password": PASSWORD })).await;
    assert_eq!(code(&again), "BAD_USER_INPUT", "one app at a time");

    let mut there = Browser::at(&hubs, "a");
    let asked = there.sign_in("siti", PASSWORD).await;
    assert_eq!(code(&asked), "SECOND_FACTOR_REQUIRED");
    assert_eq!(there.cookie, None);
    let wrong = there.sign_in("siti", "bukan kata sandinya").await;
    let with_code = there
        .sign_in_with("siti", "bukan kata sandinya", &app.code(1))
        .await;
    let replayed = there.sign_in_with("siti", PASSWORD, &app.code(0)).await;
    let unknown = there.sign_in_with("nobody", PASSWORD, &app.code(1)).await;
    for refused in [&with_code, &replayed, &unknown] {
        assert_eq!(
            refused.body["errors"][0]["message"],
            wrong.body["errors"][0]["message"]
        );
        assert_eq!(code(refused), "UNAUTHENTICATED");
    }
    let spaced = app.code(1);
    let spaced = format!("{} {}", &spaced[..3], &spaced[3..]);
    let signed = there.sign_in_with("siti", PASSWORD, &spaced).await.data();
    assert_eq!(signed["signIn"]["sessions"][0]["began"], "SECOND_FACTOR");
    assert_eq!(signed["signIn"]["sessions"][1]["began"], "SECOND_FACTOR");
    let replayed = there.sign_in_with("siti", PASSWORD, &app.code(1)).await;
    assert_eq!(code(&replayed), "UNAUTHENTICATED");

    let paper = papers[3].as_str().unwrap().to_uppercase();
    there.sign_in_with("siti", PASSWORD, &paper).await.data();
    let twice = there.sign_in_with("siti", PASSWORD, &paper).await;
    assert_eq!(code(&twice), "UNAUTHENTICATED");
}

#[tokio::test]
async fn who_guesses_codes_waits_and_a_right_password_does_not_help() {
    let hubs = Federation::of(["a"]).await;
    let mut siti = signed_in(&hubs, "a", "siti", json!([])).await;
    let (_, papers) = siti.set_up_app().await;
    let mut thief = Browser::at(&hubs, "a");
    for _ in 0..6 {
        let asked = thief.sign_in("siti", PASSWORD).await;
        assert_eq!(code(&asked), "SECOND_FACTOR_REQUIRED");
        let guessed = thief.sign_in_with("siti", PASSWORD, "not a code").await;
        assert_eq!(code(&guessed), "UNAUTHENTICATED");
    }
    let asked = thief.sign_in("siti", PASSWORD).await;
    assert_eq!(code(&asked), "UNAUTHENTICATED", "the account waits");
    let right = thief.sign_in_with("siti", PASSWORD, &papers[0]).await;
    assert_eq!(code(&right), "UNAUTHENTICATED");
}

#[tokio::test]
async fn an_app_goes_with_both_and_an_invitation_does_not_go_around_it() {
    let hubs = Federation::of(["a"]).await;
    let (id, invitation) = add(&hubs, "a", "siti", json!([])).await;
    let mut siti = Browser::at(&hubs, "a");
    siti.accept(&invitation, PASSWORD).await.data();
    let (app, papers) = siti.set_up_app().await;
    let invite = "mutation($id: ID!) { inviteAccount(id: $id) { secret } }";
    let invited = hubs.api("a").mutate(invite, json!({ "id": id })).await;
    let invitation = invited["inviteAccount"]["secret"].as_str().unwrap();
    let another = "gajah terbang ke bulan";
    let mut lost = Browser::at(&hubs, "a");
    let asked = lost.accept(invitation, another).await;
    assert_eq!(code(&asked), "SECOND_FACTOR_REQUIRED");
    let document = "mutation($invitation: String!, $password: String!, $code: String) {
        acceptInvitation(invitation: $invitation, password: $password, code: $code) { name } }";
    let with = |code: &str| json!({"invitation": invitation, "password": another, "code": code});
    assert_eq!(
        code(&lost.ask(document, with("000")).await),
        "UNAUTHENTICATED"
    );
    lost.ask(document, with(&papers[0])).await.data();

    let remove = |password: &str, code: &str| json!({"password": password, "code": code});
    let wrong = lost.ask(REMOVE, remove(PASSWORD, &app.code(1))).await;
    assert_eq!(code(&wrong), "UNAUTHENTICATED");
    let wrong = lost.ask(REMOVE, remove(another, &papers[0])).await;
    assert_eq!(code(&wrong), "UNAUTHENTICATED");
    let renew = "mutation($password: String!, $code: String!) {
        renewRecoveryCodes(password: $password, code: $code) { codes } }";
    let renewed = lost.ask(renew, remove(another, &papers[1])).await.data();
    assert_eq!(
        renewed["renewRecoveryCodes"]["codes"]
            .as_array()
            .unwrap()
            .len(),
        10
    );
    let old = lost.ask(REMOVE, remove(another, &papers[2])).await;
    assert_eq!(code(&old), "UNAUTHENTICATED");
    let removed = lost.ask(REMOVE, remove(another, &app.code(1))).await.data();
    let none = json!({"hasTotp": false, "recoveryCodes": 0});
    assert_eq!(removed["removeTotp"]["secondFactors"], none);
    lost.sign_in("siti", another).await.data();
}

#[tokio::test]
async fn who_lost_the_device_is_helped_by_an_operator() {
    let hubs = Federation::of(["a"]).await;
    let (id, invitation) = add(&hubs, "a", "siti", json!([])).await;
    let mut siti = Browser::at(&hubs, "a");
    siti.accept(&invitation, PASSWORD).await.data();
    siti.set_up_app().await;
    let reset = "mutation($id: ID!) { resetSecondFactors(id: $id) { secondFactors { hasTotp } } }";
    let done = hubs.api("a").mutate(reset, json!({ "id": id })).await;
    assert_eq!(
        done["resetSecondFactors"]["secondFactors"]["hasTotp"],
        false
    );
    assert_eq!(siti.is().await, None);
    siti.sign_in("siti", PASSWORD).await.data();

    siti.set_up_app().await;
    let program = Program::new();
    let settings = hubs.settings("a");
    let ran = program
        .well(&[
            "--config",
            &settings,
            "account",
            "reset-second-factors",
            "siti",
        ])
        .await;
    assert!(ran.stdout.contains("siti is signed out"), "{}", ran.stdout);
    siti.sign_in("siti", PASSWORD).await.data();
}

#[tokio::test]
async fn who_lacks_the_factor_that_is_asked_for_reads_and_sets_one_up() {
    let drawing = Drawing::of(["a"]);
    let demand = "[accounts]\nsecond_factor = \"required-for-operators\"\n";
    let hubs = Federation::build(drawing.configured("a", demand)).await;
    let mut curator = signed_in(&hubs, "a", "budi", json!([{"role": "CURATOR"}])).await;
    curator.token("WRITE").await;
    let mut operator = signed_in(&hubs, "a", "siti", json!([{"role": "OPERATOR"}])).await;
    let accounts = "{ accounts { nodes { name } } }";
    let refused = operator.ask(accounts, json!({})).await;
    assert_eq!(code(&refused), "FORBIDDEN");
    assert!(
        refused.messages()[0].contains("second factor"),
        "{refused:?}"
    );
    let token = "mutation { createToken(name: \"uji\", scope: MANAGE) { secret } }";
    assert_eq!(code(&operator.ask(token, Value::Null).await), "FORBIDDEN");
    operator.set_up_app().await;
    operator.ask(accounts, json!({})).await.data();
    operator.token("MANAGE").await;
}
