// Makes a passkey at a running node in a real browser, with the browser's virtual device, and signs in with it.
//
//   node tests/passkeys.mjs BASE_URL INVITATION
//
// The node's public_url must be BASE_URL, such as http://localhost:8013; INVITATION is the secret of an account without a password.
// Prints a line for every check and the sum last; ends with 1 if a check failed, with 2 if the arguments make no sense. The browser
// is /usr/bin/chromium, or what CHROMIUM names.
import assert from "node:assert/strict";
import { chromium } from "playwright-core";

const [base = "", invitation = ""] = process.argv.slice(2);
if (!URL.canParse(base) || !invitation) {
  console.error("usage: node tests/passkeys.mjs BASE_URL INVITATION");
  process.exit(2);
}
const PASSWORD = "kuda nil makan pisang";
const count = { passed: 0, failed: 0 };

/**
 * @param {string} name
 * @param {() => Promise<unknown>} step
 */
async function check(name, step) {
  try {
    await step();
    count.passed += 1;
    console.log(`ok    ${name}`);
  } catch (error) {
    count.failed += 1;
    console.log(`FAIL  ${name}: ${error instanceof Error ? error.message : error}`);
  }
}

const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
try {
  const page = await browser.newPage();
  const device = await page.context().newCDPSession(page);
  await device.send("WebAuthn.enable");
  const { authenticatorId } = await device.send("WebAuthn.addVirtualAuthenticator", {
    options: {
      protocol: "ctap2",
      transport: "internal",
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  await page.goto(new URL("/graphiql/", base).href);

  /**
   * Asks the hub from its own page.
   * @param {string} query
   * @param {Record<string, unknown>} variables
   * @returns {Promise<any>}
   */
  const ask = (query, variables = {}) =>
    page.evaluate(
      async (body) => {
        const headers = { "content-type": "application/json" };
        const answer = await fetch("/graphql", { method: "POST", headers, body: JSON.stringify(body) });
        return answer.json();
      },
      { query, variables },
    );

  /** Makes a passkey that is asked for, or shows one. */
  const answer = (/** @type {string} */ options, /** @type {"create" | "get"} */ how) =>
    page.evaluate(
      async ([options, how]) => {
        const { publicKey } = JSON.parse(options ?? "");
        const key = /** @type {any} */ (PublicKeyCredential);
        const made =
          how === "create"
            ? await navigator.credentials.create({ publicKey: key.parseCreationOptionsFromJSON(publicKey) })
            : await navigator.credentials.get({ publicKey: key.parseRequestOptionsFromJSON(publicKey) });
        return JSON.stringify(/** @type {any} */ (made).toJSON());
      },
      [options, how],
    );

  const signIn = async () => {
    const begun = await ask("mutation { beginPasskeySignIn { id options } }");
    const { id, options } = begun.data.beginPasskeySignIn;
    const shown = await answer(options, "get");
    return ask("mutation($id: ID!, $answer: String!) { signInWithPasskey(id: $id, answer: $answer) { name } }", { id, answer: shown });
  };

  await check("an invitation signs in", async () => {
    const document = "mutation($i: String!, $p: String!) { acceptInvitation(invitation: $i, password: $p) { name } }";
    const accepted = await ask(document, { i: invitation, p: PASSWORD });
    assert.ok(accepted.data?.acceptInvitation?.name, JSON.stringify(accepted));
  });
  await check("the device makes a passkey", async () => {
    const begun = await ask("mutation { beginPasskey { id options } }");
    const { id, options } = begun.data.beginPasskey;
    const made = await answer(options, "create");
    const document = "mutation($id: ID!, $answer: String!) { addPasskey(id: $id, name: \"Chromium\", answer: $answer) { name } }";
    const added = await ask(document, { id, answer: made });
    assert.equal(added.data?.addPasskey?.name, "Chromium", JSON.stringify(added));
    const { credentials } = await device.send("WebAuthn.getCredentials", { authenticatorId });
    assert.equal(credentials[0]?.isResidentCredential, true);
  });
  await check("it signs in, twice, without a name", async () => {
    for (const _ of [1, 2]) {
      await ask("mutation { signOut }");
      const signed = await signIn();
      assert.ok(signed.data?.signInWithPasskey?.name, JSON.stringify(signed));
    }
    const who = await ask("{ viewer { account { passkeys { usedAt } sessions { began } } } }");
    assert.equal(who.data.viewer.account.sessions[0].began, "PASSKEY");
  });
  await check("without a finger it does not", async () => {
    await ask("mutation { signOut }");
    await device.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified: false });
    await assert.rejects(signIn());
    await device.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified: true });
  });
  await check("with a wrong signature it does not", async () => {
    await device.send("WebAuthn.setResponseOverrideBits", { authenticatorId, isBogusSignature: true });
    const refused = await signIn();
    assert.equal(refused.errors?.[0]?.extensions?.code, "UNAUTHENTICATED", JSON.stringify(refused));
  });
} finally {
  await browser.close();
  console.log(`passkeys: ${count.passed} passed, ${count.failed} failed`);
}
process.exitCode = count.failed === 0 ? 0 : 1;
