// The queries of docs/queries.md, which is read when the page is built. A test of the node holds what is relied on here:
// each section has a heading "1. Indonesian / English", one fence with a query, and at most one with its variables.
import cookbook from "../../docs/queries.md?raw";

/** A question and the query that answers it. */
export interface Recipe {
  indonesian: string;
  english: string;
  query: string;
  /** The variables as JSON, with blanks such as `<innovation>`; empty if there are none. */
  variables: string;
}

export const recipes: readonly Recipe[] = cookbook.split(/^## \d+\. /m).slice(1).map(readRecipe);

function readRecipe(section: string): Recipe {
  const [heading = ""] = section.split("\n", 1);
  const [indonesian = "", english = ""] = heading.split(" / ");
  return { indonesian, english, query: fenced(section, "graphql"), variables: fenced(section, "json") };
}

/** What stands in a section's fence of a language. */
function fenced(section: string, language: string): string {
  return new RegExp(`^\`\`\`${language}\n(.*?)\n\`\`\`$`, "ms").exec(section)?.[1] ?? "";
}
