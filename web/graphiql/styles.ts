// The parts of graphiql/style.css, without Monaco's styles (which come with its modules) and
// without the fonts in it: ours are separate files, so that the page waits for less.
import "@graphiql/react/style.css";
import "@graphiql/plugin-doc-explorer/style.css";
import "@graphiql/plugin-history/style.css";
import "graphiql/graphiql.css";
import "./cookbook.css";
import "./page.css";
