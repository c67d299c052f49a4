//! Passkeys, with a device of our own that can be made to lie.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use testkit::Federation;
use testkit::drawing::Drawing;

use super::{Answer, Browser, PASSWORD, add, code, signed_in};

/// The user is there (1), was verified (4); the key may be and is backed up (8, 16).
const FLAGS: u8 = 0b0001_1101;
const VERIFIED: u8 = 0b100;

/// What a device does otherwise than it should.
type Lie = fn(&mut Device);

/// A device with one passkey.
pub(crate) struct Device {
    key: EcdsaKeyPair,
    id: [u8; 32],
    owner: String,
    count: u32,
    flags: u8,
    origin: String,
    host: &'static str,
}

impl Device {
    pub(crate) fn at(origin: &str, number: u8) -> Self {
        Self {
            key: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap(),
            id: [number; 32],
            owner: String::new(),
            count: 0,
            flags: FLAGS,
            origin: origin.to_owned(),
            host: "localhost",
        }
    }

    /// What the device says of itself (WebAuthn, section 6.1), with its key when that is new.
    fn data(&self, is_new: bool) -> Vec<u8> {
        let mut data = Sha256::digest(self.host).to_vec();
        data.push(self.flags | if is_new { 0x40 } else { 0 });
        data.extend(self.count.to_be_bytes());
        if is_new {
            data.extend([0; 16]);
            data.extend(32_u16.to_be_bytes());
            data.extend(self.id);
            let point = self.key.public_key().as_ref();
            data.extend([0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x58, 32]);
            data.extend(&point[1..33]);
            data.extend([0x22, 0x58, 32]);
            data.extend(&point[33..]);
        }
        data
    }

    fn client_data(&self, kind: &str, challenge: &str) -> Vec<u8> {
        let said = json!({"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": false});
        said.to_string().into_bytes()
    }

    fn credential(&self, response: &Value) -> String {
        let id = URL_SAFE_NO_PAD.encode(self.id);
        json!({"id": id, "rawId": id, "type": "public-key", "response": response, "clientExtensionResults": {}})
            .to_string()
    }

    /// Makes the passkey that is asked for.
    pub(crate) fn create(&mut self, options: &Value) -> String {
        let asked = &options["publicKey"];
        asked["user"]["id"]
            .as_str()
            .unwrap()
            .clone_into(&mut self.owner);
        let data = self.data(true);
        let mut object = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x58".to_vec();
        object.push(u8::try_from(data.len()).unwrap());
        object.extend(data);
        let client = self.client_data("webauthn.create", asked["challenge"].as_str().unwrap());
        self.credential(&json!({"attestationObject": URL_SAFE_NO_PAD.encode(object),
            "clientDataJSON": URL_SAFE_NO_PAD.encode(client), "transports": ["internal"]}))
    }

    /// Shows the passkey.
    pub(crate) fn get(&mut self, options: &Value) -> String {
        self.count += 1;
        let challenge = options["publicKey"]["challenge"].as_str().unwrap();
        let client = self.client_data("webauthn.get", challenge);
        let data = self.data(false);
        let signed = [data.as_slice(), &Sha256::digest(&client)].concat();
        let signature = self.key.sign(&SystemRandom::new(), &signed).unwrap();
        self.credential(&json!({"authenticatorData": URL_SAFE_NO_PAD.encode(data),
            "clientDataJSON": URL_SAFE_NO_PAD.encode(client),
            "signature": URL_SAFE_NO_PAD.encode(signature.as_ref()), "userHandle": self.owner}))
    }
}

pub(crate) const ADD: &str = "mutation($id: ID!, $answer: String!) {
    addPasskey(id: $id, name: \"Laptop\", answer: $answer) { id name usedAt } }";
pub(crate) const SIGN_IN: &str = "mutation($id: ID!, $answer: String!) {
    signInWithPasskey(id: $id, answer: $answer) { name sessions { began } } }";

impl Browser {
    /// What is asked for a new passkey.
    pub(crate) async fn asked_for_new(&mut self) -> (Value, Value) {
        let asked = self.ask("mutation { beginPasskey { id options } }", json!({}));
        question(&asked.await.data()["beginPasskey"])
    }

    /// What is asked for a passkey to sign in.
    pub(crate) async fn asked(&mut self, name: Option<&str>) -> (Value, Value) {
        let document = "mutation($name: String) { beginPasskeySignIn(name: $name) { id options } }";
        let asked = self.ask(document, json!({ "name": name })).await.data();
        question(&asked["beginPasskeySignIn"])
    }

    async fn answers(&mut self, document: &str, id: &Value, answer: &str) -> Answer {
        self.ask(document, json!({"id": id, "answer": answer}))
            .await
    }

    async fn adds(&mut self, device: &mut Device) -> Value {
        let (id, options) = self.asked_for_new().await;
        let answer = device.create(&options);
        let mut added = self.answers(ADD, &id, &answer).await.data();
        added["addPasskey"].take()
    }

    async fn signs_in(&mut self, device: &mut Device) -> Answer {
        let (id, options) = self.asked(None).await;
        let answer = device.get(&options);
        self.answers(SIGN_IN, &id, &answer).await
    }
}

fn question(asked: &Value) -> (Value, Value) {
    let options = serde_json::from_str(asked["options"].as_str().unwrap()).unwrap();
    (asked["id"].clone(), options)
}

async fn hub() -> (Federation, String) {
    let settings = "[http]\npublic_url = \"http://localhost:{port}\"\n";
    let hubs = Federation::build(Drawing::of(["a"]).configured("a", settings)).await;
    let origin = hubs.api("a").url().replace("127.0.0.1", "localhost");
    (hubs, origin)
}

#[tokio::test]
async fn a_device_shows_whose_account_it_is() {
    let (hubs, origin) = hub().await;
    let mut siti = signed_in(&hubs, "a", "siti", json!([])).await;
    let mut device = Device::at(&origin, 1);
    let (_, options) = siti.asked_for_new().await;
    let asked = &options["publicKey"];
    assert_eq!(
        asked["rp"],
        json!({"id": "localhost", "name": "Simpul hub-a"})
    );
    let selection = &asked["authenticatorSelection"];
    assert_eq!(selection["userVerification"], "required");
    assert_eq!(selection["residentKey"], "required");
    let added = siti.adds(&mut device).await;
    assert_eq!(
        (&added["name"], &added["usedAt"]),
        (&json!("Laptop"), &json!(null))
    );
    let (_, options) = siti.asked_for_new().await;
    let excluded = &options["publicKey"]["excludeCredentials"][0]["id"];
    assert_eq!(excluded, &json!(URL_SAFE_NO_PAD.encode(device.id)));

    let mut there = Browser::at(&hubs, "a");
    let signed = there.signs_in(&mut device).await.data();
    assert_eq!(signed["signInWithPasskey"]["name"], "siti");
    assert_eq!(
        signed["signInWithPasskey"]["sessions"][0]["began"],
        "PASSKEY"
    );
    assert_eq!(there.is().await.as_deref(), Some("siti"));
    let (_, options) = there.asked(Some("siti")).await;
    let nobody = there.asked(Some("nobody")).await.1;
    for options in [options, nobody] {
        assert_eq!(
            options["publicKey"]["allowCredentials"],
            json!([]),
            "nothing tells whose keys"
        );
    }
    let read = "{ viewer { account { passkeys { name usedAt } } } }";
    let read = there.ask(read, json!({})).await.data();
    assert!(
        read["viewer"]["account"]["passkeys"][0]["usedAt"].is_string(),
        "{read}"
    );

    let id = &added["id"];
    let rename = "mutation($id: ID!) { renamePasskey(id: $id, name: \"Kunci\") }";
    let mut budi = signed_in(&hubs, "a", "budi", json!([])).await;
    let remove = "mutation($id: ID!) { removePasskey(id: $id) }";
    for document in [rename, remove] {
        let by_another = budi.ask(document, json!({ "id": id })).await.data();
        assert!(by_another.to_string().contains("false"), "{by_another}");
    }
    assert_eq!(
        siti.ask(rename, json!({ "id": id })).await.data()["renamePasskey"],
        true
    );
    assert_eq!(
        siti.ask(remove, json!({ "id": id })).await.data()["removePasskey"],
        true
    );
    let gone = Browser::at(&hubs, "a").signs_in(&mut device).await;
    assert_eq!(code(&gone), "UNAUTHENTICATED");
}

#[tokio::test]
async fn a_device_that_lies_signs_nobody_in() {
    let (hubs, origin) = hub().await;
    let (id, invitation) = add(&hubs, "a", "siti", json!([])).await;
    let mut siti = Browser::at(&hubs, "a");
    siti.accept(&invitation, PASSWORD).await.data();
    let mut device = Device::at(&origin, 1);

    // New ones: of another site, without a finger, for somebody else, twice.
    let (question, options) = siti.asked_for_new().await;
    let mut elsewhere = Device::at("http://localhost:1", 2);
    let answer = elsewhere.create(&options);
    assert_eq!(
        code(&siti.answers(ADD, &question, &answer).await),
        "BAD_USER_INPUT"
    );
    let (question, options) = siti.asked_for_new().await;
    let mut unverified = Device::at(&origin, 2);
    unverified.flags &= !VERIFIED;
    let answer = unverified.create(&options);
    assert_eq!(
        code(&siti.answers(ADD, &question, &answer).await),
        "BAD_USER_INPUT"
    );
    let mut budi = signed_in(&hubs, "a", "budi", json!([])).await;
    let (question, options) = siti.asked_for_new().await;
    let answer = Device::at(&origin, 2).create(&options);
    assert_eq!(
        code(&budi.answers(ADD, &question, &answer).await),
        "BAD_USER_INPUT"
    );
    siti.adds(&mut device).await;
    let (question, options) = budi.asked_for_new().await;
    let answer = Device::at(&origin, 1).create(&options);
    let taken = budi.answers(ADD, &question, &answer).await;
    assert!(
        taken.messages()[0].contains("known here already"),
        "{taken:?}"
    );
    let mut of_budi = Device::at(&origin, 3);
    budi.adds(&mut of_budi).await;

    let mut thief = Browser::at(&hubs, "a");
    thief.signs_in(&mut device).await.data();
    thief.cookie = None;
    let lies: [(&str, Lie); 6] = [
        ("another site", |device| {
            device.origin = "https://jahat.example".to_owned();
        }),
        ("another host", |device| device.host = "jahat.example"),
        ("no finger", |device| device.flags &= !VERIFIED),
        ("a count that does not grow", |device| device.count = 0),
        ("another owner", |device| {
            device.owner = URL_SAFE_NO_PAD.encode([9; 16]);
        }),
        ("another key", |device| {
            device.key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
        }),
    ];
    let keep = device.key;
    let pkcs8 = keep.to_pkcs8v1().unwrap();
    let again = |count| Device {
        key: EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, pkcs8.as_ref()).unwrap(),
        id: [1; 32],
        owner: device.owner.clone(),
        count,
        flags: FLAGS,
        origin: origin.clone(),
        host: "localhost",
    };
    for (name, lie) in lies {
        let mut device = again(10);
        lie(&mut device);
        let refused = thief.signs_in(&mut device).await;
        assert_eq!(code(&refused), "UNAUTHENTICATED", "{name}");
        assert_eq!(thief.cookie, None, "{name}");
    }
    let (question, options) = thief.asked(None).await;
    let answer = again(20).get(&options);
    let other = thief.asked(None).await.0;
    assert_eq!(
        code(&thief.answers(SIGN_IN, &other, &answer).await),
        "UNAUTHENTICATED",
        "another question"
    );
    thief.answers(SIGN_IN, &question, &answer).await.data();
    let replayed = Browser::at(&hubs, "a")
        .answers(SIGN_IN, &question, &answer)
        .await;
    assert_eq!(
        code(&replayed),
        "BAD_USER_INPUT",
        "a question is answered once"
    );
    let (question, options) = thief.asked(Some("budi")).await;
    let answer = again(30).get(&options);
    let other = Browser::at(&hubs, "a")
        .answers(SIGN_IN, &question, &answer)
        .await;
    assert_eq!(code(&other), "UNAUTHENTICATED", "it is not budi's");

    let disable = "mutation($id: ID!) { changeAccount(id: $id, revision: 1, isDisabled: true) { isDisabled } }";
    hubs.api("a").mutate(disable, json!({ "id": id })).await;
    let disabled = Browser::at(&hubs, "a").signs_in(&mut again(40)).await;
    assert_eq!(code(&disabled), "UNAUTHENTICATED");
    Browser::at(&hubs, "a").signs_in(&mut of_budi).await.data();
}

#[tokio::test]
async fn passkeys_need_an_address() {
    let hubs = Federation::of(["a"]).await;
    let mut siti = signed_in(&hubs, "a", "siti", json!([])).await;
    for document in ["beginPasskey { id }", "beginPasskeySignIn { id }"] {
        let refused = siti
            .ask(&format!("mutation {{ {document} }}"), json!({}))
            .await;
        assert_eq!(code(&refused), "BAD_USER_INPUT");
        assert!(refused.messages()[0].contains("public_url"), "{refused:?}");
    }
    let options = hubs
        .api("a")
        .query("{ signInOptions { passkeys } }", json!({}))
        .await;
    assert_eq!(options["signInOptions"]["passkeys"], false);
}
