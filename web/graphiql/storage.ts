// What GraphiQL remembers between visits: tabs, history and sizes, but never a header.
//
// `shouldPersistHeaders={false}` keeps headers out of the tabs only; the history would still write
// the operator's token, typed as a header, into localStorage for every later script to read.

/** The browser's localStorage, with every `headers` in what is written left out. */
export const storageWithoutHeaders = {
  getItem: (key: string) => localStorage.getItem(key),
  setItem: (key: string, value: string) => localStorage.setItem(key, withoutHeaders(value)),
  removeItem: (key: string) => localStorage.removeItem(key),
  clear: () => localStorage.clear(),
  get length() {
    return localStorage.length;
  },
};

/** The same text, with `"headers": null` in place of any headers if it is a JSON object. */
function withoutHeaders(text: string): string {
  if (!text.startsWith("{")) {
    return text;
  }
  try {
    return JSON.stringify(JSON.parse(text), (key, value) => (key === "headers" ? null : value));
  } catch {
    // A query in braces is no JSON, and holds no headers.
    return text;
  }
}
