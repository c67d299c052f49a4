// The tabs a first visitor finds: one example document each, in the order in which they teach.
import headsChanged from "./examples/heads-changed.graphql?raw";
import logHeads from "./examples/log-heads.graphql?raw";
import newestInnovations from "./examples/newest-innovations.graphql?raw";
import receipt from "./examples/receipt.graphql?raw";
import searchTitles from "./examples/search-titles.graphql?raw";

export const exampleTabs = [
  { query: newestInnovations.trimEnd() },
  { query: searchTitles.trimEnd() },
  { query: receipt.trimEnd(), variables: '{\n  "record": ""\n}' },
  { query: logHeads.trimEnd() },
  { query: headsChanged.trimEnd() },
];
