// The GraphiQL page: the editor on this node's own API, with example queries in its tabs and in its sidebar.
import "./workers";
import "./styles";
import { HISTORY_PLUGIN } from "@graphiql/plugin-history";
import { createGraphiQLFetcher } from "@graphiql/toolkit";
import { GraphiQL } from "graphiql";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { COOKBOOK_PLUGIN } from "./cookbook";
import { exampleTabs } from "./examples";
import { storageWithoutHeaders } from "./storage";

const endpoint = new URL("/graphql", location.href);
const subscriptions = new URL("/graphql/ws", location.href);
subscriptions.protocol = endpoint.protocol === "https:" ? "wss:" : "ws:";

// With incremental delivery the toolkit would ask for multipart answers; without it, it asks for
// application/graphql-response+json. Headers typed in the editor also go into connection_init.
const fetcher = createGraphiQLFetcher({
  url: endpoint.href,
  subscriptionUrl: subscriptions.href,
  enableIncrementalDelivery: false,
});

// What the sidebar offers beside the documentation.
const PLUGINS = [HISTORY_PLUGIN, COOKBOOK_PLUGIN];

const container = document.getElementById("graphiql");
if (container === null) {
  throw new Error("index.html has no element with the id graphiql");
}
createRoot(container).render(
  <StrictMode>
    <GraphiQL
      fetcher={fetcher}
      plugins={PLUGINS}
      defaultTabs={exampleTabs}
      defaultEditorToolsVisibility="variables"
      isHeadersEditorEnabled
      // A token pasted into the headers editor is gone with the page.
      shouldPersistHeaders={false}
      storage={storageWithoutHeaders}
    >
      <GraphiQL.Logo>
        <span className="logo">Simpul</span>
      </GraphiQL.Logo>
    </GraphiQL>
  </StrictMode>,
);
