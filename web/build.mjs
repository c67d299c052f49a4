// Builds every page of the site into one folder: node build.mjs FOLDER
//
// Each file that shrinks also gets a .br and a .gz twin, which the node sends to browsers that take
// them. gzip is not spare: browsers offer Brotli over https and to localhost only.
import { readdirSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { extname, join, resolve } from "node:path";
import { promisify } from "node:util";
import zlib from "node:zlib";
import { build } from "vite";

/**
 * The pages: a Vite configuration, and where in the site it goes. A page at the root of the site
 * would have to come first, since each build empties its folder.
 */
const pages = [{ config: "graphiql/vite.config.ts", folder: "graphiql" }];

const COMPRESSED_ALREADY = new Set([".woff2", ".png", ".jpg", ".webp", ".avif", ".br", ".gz"]);

/** A twin is kept if it saves at least this share of the bytes. */
const WORTHWHILE = 0.1;

const brotli = promisify(zlib.brotliCompress);
const gzip = promisify(zlib.gzip);

const site = resolve(process.argv[2] ?? "dist");
for (const page of pages) {
  await build({
    configFile: resolve(import.meta.dirname, page.config),
    logLevel: "warn",
    build: { outDir: join(site, page.folder), emptyOutDir: true },
  });
}
await Promise.all(listFiles(site).map(writeTwins));

/** @param {string} folder */
function listFiles(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !COMPRESSED_ALREADY.has(extname(entry.name)))
    .map((entry) => join(entry.parentPath, entry.name));
}

/** @param {string} file */
async function writeTwins(file) {
  const bytes = await readFile(file);
  const twins = { br: await brotli(bytes), gz: await gzip(bytes, { level: 9 }) };
  for (const [suffix, twin] of Object.entries(twins)) {
    if (twin.length <= bytes.length * (1 - WORTHWHILE)) {
      await writeFile(`${file}.${suffix}`, twin);
    }
  }
}
