// Audits a GraphQL server against the GraphQL over HTTP working draft, by the suite of the npm package graphql-http.
//
//   node audit.mjs URL
//
// Prints a line for each audit that fails, be it a MUST, a SHOULD or a MAY, and their number last.
import { auditServer } from 'graphql-http';

const [url, ...rest] = process.argv.slice(2);
if (!URL.canParse(url ?? '') || rest.length > 0) {
  console.error('usage: node audit.mjs URL');
  process.exit(2);
}

const results = await auditServer({ url }).catch((error) => {
  console.error(`${url} cannot be audited: ${error.cause?.message ?? error.message}`);
  process.exit(2);
});
const failed = results.filter((result) => result.status !== 'ok');
for (const { id, name, reason, response } of failed) {
  const answer = response ? `, answered with status ${response.status}` : '';
  console.log(`${id} ${name}: ${reason}${answer}`);
}
console.log(`audits: ${results.length - failed.length} passed, ${failed.length} failed`);
process.exitCode = failed.length === 0 && results.length > 0 ? 0 : 1;
