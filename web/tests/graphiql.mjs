// Opens GraphiQL of a running node in a real browser and uses it as a newcomer would.
//
//   node tests/graphiql.mjs BASE_URL SCREENSHOT.png [--subscription=ack|event]
//
// With --subscription=event it waits until a first event arrives, which somebody else must cause;
// with ack, the default, the node's acknowledgement of the connection is enough, and an event is
// only reported. The screenshot shows the first example answered, or the step that failed.
//
// Prints a line for every check and the sum last; ends with 1 if a check failed, with 2 if the
// arguments make no sense. The browser is /usr/bin/chromium, or what CHROMIUM names.
import assert from "node:assert/strict";
import { parseArgs } from "node:util";
import { chromium } from "playwright-core";

/** How long one step may take, in milliseconds; a loaded build machine is slow. */
const PATIENCE = 30_000;

/** How long an event is waited for that need not come, in milliseconds. */
const CURIOSITY = 1_000;

/** A header as an operator would paste a token; it must reach the node and nothing else. */
const HEADER = { name: "x-simpul-probe", value: "kept-nowhere" };

/** The second query of the cookbook. */
const RECIPE = { operation: "OfAProvinceAndAnAffair", variables: { region: "35", affairs: ["HEALTH"] } };

const { values, positionals } = readArguments();
const [base = "", screenshot = ""] = positionals;
if (!URL.canParse(base) || !screenshot || !["ack", "event"].includes(values.subscription)) {
  console.error("usage: node tests/graphiql.mjs BASE_URL SCREENSHOT.png [--subscription=ack|event]");
  process.exit(2);
}
const origin = new URL(base).origin;
const mustHaveEvent = values.subscription === "event";
const count = { passed: 0, failed: 0 };

const browser = await launch();
try {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  page.setDefaultTimeout(PATIENCE);
  const complaints = await watch(page);
  await useEverything(page);
  await check("no request left the node", () => assert.deepEqual(complaints.outside, []));
  await check("the browser reported no error", () => assert.deepEqual(complaints.errors, []));
} finally {
  await browser.close();
  console.log(`graphiql: ${count.passed} passed, ${count.failed} failed`);
}
process.exitCode = count.failed === 0 ? 0 : 1;

/**
 * The steps, each of which needs the one before: after a failure the rest would only repeat it.
 * @param {import("playwright-core").Page} page
 */
async function useEverything(page) {
  const steps = /** @type {const} */ ([
    ["the editor becomes ready", open],
    ["the first example gives records", runFirstExample],
    ["a typed header is sent", sendHeader],
    ["the cookbook opens a query in a tab of its own", openRecipe],
    ["the subscription is accepted", subscribe],
    ["tabs are remembered and headers are not", checkMemory],
  ]);
  for (const [name, step] of steps) {
    if (!(await check(name, () => step(page)))) {
      await page.screenshot({ path: screenshot });
      return;
    }
  }
}

/**
 * Runs a check, prints how it went, and tells whether it passed.
 * @param {string} name
 * @param {() => unknown} body gives a remark to print, or throws
 */
async function check(name, body) {
  try {
    const remark = await body();
    count.passed += 1;
    console.log(`ok: ${name}${typeof remark === "string" ? ` (${remark})` : ""}`);
    return true;
  } catch (error) {
    count.failed += 1;
    console.log(`FAILED: ${name}: ${error instanceof Error ? error.message : error}`);
    return false;
  }
}

function readArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: { subscription: { type: "string", default: "ack" } },
    });
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exit(2);
  }
}

function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--headless=new",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

/**
 * Notes everything that must not happen, and stops what would leave the node.
 * @param {import("playwright-core").Page} page
 */
async function watch(page) {
  /** @type {{ outside: string[], errors: string[] }} */
  const complaints = { outside: [], errors: [] };
  await page.route(
    (url) => url.origin !== origin && url.protocol.startsWith("http"),
    (route) => {
      complaints.outside.push(`request to ${route.request().url()}`);
      return route.abort();
    },
  );
  page.on("websocket", (socket) => {
    if (new URL(socket.url()).host !== new URL(origin).host) {
      complaints.outside.push(`socket to ${socket.url()}`);
    }
  });
  page.on("response", (response) => {
    if (response.status() >= 400) {
      complaints.errors.push(`status ${response.status()} of ${response.url()}`);
    }
  });
  page.on("pageerror", (error) => complaints.errors.push(`uncaught ${error.message}`));
  page.on("console", (message) => {
    if (message.type() === "error") {
      complaints.errors.push(`console: ${message.text()}`);
    }
  });
  return complaints;
}

/**
 * Opens the page, waits for its editor, and tells how long that took.
 * @param {import("playwright-core").Page} page
 */
async function open(page) {
  const start = performance.now();
  const response = await page.goto(new URL("/graphiql/", origin).href);
  assert.equal(response?.status(), 200, "status of /graphiql/");
  const policy = response.headers()["content-security-policy"] ?? "";
  assert.match(policy, /default-src/, "content security policy of /graphiql/");
  await page.locator(".graphiql-query-editor .view-line", { hasText: "innovations" }).first().waitFor();
  return `${Math.round(performance.now() - start)} ms`;
}

/** @param {import("playwright-core").Page} page */
async function runFirstExample(page) {
  const { response } = await run(page, "NewestInnovations");
  const result = await response.json();
  assert.equal(result.errors, undefined, "errors of the first example");
  assert.ok(Array.isArray(result.data?.innovations?.edges), "data of the first example");
  await page.locator(".graphiql-response .view-line", { hasText: '"innovations"' }).first().waitFor();
  await page.screenshot({ path: screenshot });
  return `${result.data.innovations.edges.length} of ${result.data.innovations.totalCount}`;
}

/** @param {import("playwright-core").Page} page */
async function sendHeader(page) {
  await page.getByRole("button", { name: "Headers", exact: true }).click();
  await page.locator(".graphiql-editor-tool .monaco-editor:visible").click();
  // The editor adds the closing brace.
  await page.keyboard.type(`{"${HEADER.name}": "${HEADER.value}"`);
  await settle(page);
  const { request } = await run(page, "NewestInnovations");
  assert.equal(request.headers()[HEADER.name], HEADER.value, "the header typed in the editor");
}

/**
 * Presses Run and gives the request that the page made for an operation, and its answer.
 * @param {import("playwright-core").Page} page
 * @param {string} operation
 */
async function run(page, operation) {
  const [response] = await Promise.all([
    page.waitForResponse((response) => {
      const body = response.request().postData() ?? "";
      return new URL(response.url()).pathname === "/graphql" && body.includes(operation);
    }),
    page.locator(".graphiql-execute-button").click(),
  ]);
  return { response, request: response.request() };
}

/**
 * Uses the cookbook with the keyboard only.
 * @param {import("playwright-core").Page} page
 */
async function openRecipe(page) {
  await page.getByRole("button", { name: "Show Cookbook" }).press("Enter");
  const recipes = page.getByRole("region", { name: "Cookbook" }).getByRole("listitem").getByRole("button");
  await recipes.first().focus();
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await page.getByRole("tab", { name: RECIPE.operation, selected: true }).waitFor();
  await page.locator(".graphiql-query-editor .view-line", { hasText: RECIPE.operation }).first().waitFor();
  await page.getByRole("button", { name: "Variables", exact: true }).click();
  await page.locator(".graphiql-editor-tool .view-line:visible", { hasText: "region" }).first().waitFor();
  await settle(page);
  const { request, response } = await run(page, RECIPE.operation);
  assert.deepEqual(request.postDataJSON().variables, RECIPE.variables, "variables of the recipe");
  assert.equal((await response.json()).errors, undefined, "errors of the recipe");
  return `${await recipes.count()} recipes`;
}

/** @param {import("playwright-core").Page} page */
async function subscribe(page) {
  await page.getByRole("tab", { name: "HeadsChanged" }).click();
  await page.locator(".graphiql-query-editor .view-line", { hasText: "headsChanged" }).first().waitFor();
  await settle(page);
  const opened = page.waitForEvent("websocket", (socket) => new URL(socket.url()).pathname === "/graphql/ws");
  const [event] = await Promise.all([
    opened.then(receive),
    page.locator(".graphiql-execute-button").click(),
  ]);
  if (event) {
    await page.locator(".graphiql-response .view-line", { hasText: '"headsChanged"' }).first().waitFor();
  }
  return event ? "and an event came" : "no event came";
}

/**
 * Waits for the acknowledgement, and tells whether an event came too.
 * @param {import("playwright-core").WebSocket} socket
 */
async function receive(socket) {
  const event = message(socket, "next", mustHaveEvent ? PATIENCE : CURIOSITY).then(() => true);
  const [came] = await Promise.all([
    mustHaveEvent ? event : event.catch(() => false),
    message(socket, "connection_ack", PATIENCE),
  ]);
  return came;
}

/**
 * @param {import("playwright-core").WebSocket} socket
 * @param {string} type one of graphql-transport-ws
 * @param {number} timeout in milliseconds
 */
function message(socket, type, timeout) {
  return socket.waitForEvent("framereceived", {
    predicate: (frame) => JSON.parse(String(frame.payload)).type === type,
    timeout,
  });
}

/**
 * Lets GraphiQL learn what its editors now hold: it looks 100 ms after the last change, and until
 * then it would run the operation of the tab before. Nothing on the page tells when.
 * @param {import("playwright-core").Page} page
 */
async function settle(page) {
  await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 300)));
}

/** @param {import("playwright-core").Page} page */
async function checkMemory(page) {
  const memory = await page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }));
  assert.ok(memory.includes("NewestInnovations"), "GraphiQL remembers its tabs");
  assert.ok(!memory.includes(HEADER.value), "GraphiQL forgets headers");
}
