// What graphql-js says of documents and variables: the second implementation that `tests/it/oracle.rs` compares with.
//
// The first line of the input is a map of schemas by name. Each other line is one case, and is answered by one line: the
// rules of the specification that the document breaks, and whether its variables have their types.
import { createInterface } from 'node:readline';
import { buildSchema, getOperationAST, parse, recommendedRules, specifiedRules, validate, validateSchema } from 'graphql';
import { getVariableValues } from 'graphql/execution/values.js';

// graphql-js adds a bound for introspection that is not among the specification's rules.
const rules = specifiedRules.filter((rule) => !recommendedRules.includes(rule));
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const schemas = {};
for (const [name, sdl] of Object.entries(JSON.parse((await lines.next()).value))) {
  schemas[name] = buildSchema(sdl);
  const faults = validateSchema(schemas[name]);
  if (faults.length) throw new Error(faults.join('\n'));
}

function judge({ schema: name, document, operation, variables }) {
  const schema = schemas[name];
  let parsed;
  try {
    parsed = parse(document);
  } catch (error) {
    return { broken: ['Syntax'], said: error.message };
  }
  let faults;
  try {
    faults = validate(schema, parsed, rules);
  } catch (error) {
    // A subscription whose field depends on a variable by @skip or @include makes a rule of graphql-js fail itself.
    return { broken: [], failed: true, said: error.message };
  }
  if (faults.length) {
    const broken = rules.filter((rule) => validate(schema, parsed, [rule]).length);
    return { broken: broken.map((rule) => rule.name.replace(/Rule$/, '')), said: faults[0].message };
  }
  const definitions = getOperationAST(parsed, operation).variableDefinitions ?? [];
  const { errors } = getVariableValues(schema, definitions, variables);
  return { broken: [], variables: !errors, said: errors?.[0].message };
}

console.log(JSON.stringify({ rules: rules.map((rule) => rule.name.replace(/Rule$/, '')) }));
for await (const line of lines) {
  console.log(JSON.stringify(judge(JSON.parse(line))));
}
