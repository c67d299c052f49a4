// Builds the GraphiQL page, which the node serves under /graphiql/.
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { defineConfig, type Plugin } from "vite";

/** The node that `npm run dev` talks to. */
const node = process.env.SIMPUL_NODE ?? "http://127.0.0.1:8080";

/** Vite collects the licences of modules; fonts are none, and ask for the same. */
const fontLicenses: Plugin = {
  name: "font-licenses",
  generateBundle() {
    for (const font of ["fira-code", "roboto"]) {
      const file = resolve(import.meta.dirname, "../node_modules/@fontsource", font, "LICENSE");
      this.emitFile({ type: "asset", fileName: `licenses-${font}.txt`, source: readFileSync(file) });
    }
  },
};

export default defineConfig({
  root: import.meta.dirname,
  base: "/graphiql/",
  plugins: [fontLicenses],
  build: {
    target: "es2022",
    // Served beside the page: the licences of what is in it ask to come along.
    license: { fileName: "licenses.txt" },
    // The editor is one big chunk by nature; it is cached for a year once loaded.
    chunkSizeWarningLimit: 4096,
    rolldownOptions: {
      onwarn(warning, warn) {
        // "use client" and its like, in some hundred library files, mean nothing without a React server.
        if (warning.code !== "MODULE_LEVEL_DIRECTIVE") {
          warn(warning);
        }
      },
    },
  },
  worker: { format: "es" },
  server: {
    // The cookbook lies among the documents.
    fs: { allow: [resolve(import.meta.dirname, ".."), resolve(import.meta.dirname, "../../docs/queries.md")] },
    proxy: { "/graphql": { target: node, ws: true } },
  },
});
