// node provider.mjs — an OpenID provider for tests, on this machine only. It says `ready ISSUER`, and is told what it needs by lines
// of JSON: first {"redirects": {CLIENT: [URI, …]}}, then any number of {"people": {LOGIN: {…claims}}}. Each is answered by a line.
import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import { Provider } from 'oidc-provider';

const SECRET = 'a-secret-of-32-characters-or-more: %&+';
const people = new Map();
const jwk = (type, options, extra) => ({
  ...generateKeyPairSync(type, options).privateKey.export({ format: 'jwk' }),
  use: 'sig',
  ...extra,
});

function serve(server, issuer, redirects) {
  const client = (id, more) => ({
    client_id: id,
    redirect_uris: redirects[id],
    grant_types: ['authorization_code'],
    response_types: ['code'],
    ...more,
  });
  const provider = new Provider(issuer, {
    clients: [
      client('confidential', { client_secret: SECRET }),
      client('public', { token_endpoint_auth_method: 'none', id_token_signed_response_alg: 'ES256' }),
    ],
    // Claims come from userinfo, which is the provider's default.
    claims: { openid: ['sub'], profile: ['name', 'preferred_username'], roles: ['roles'] },
    cookies: { keys: ['for tests only'] },
    findAccount: (_context, id) => people.has(id) && { accountId: id, claims: async () => ({ sub: id, ...people.get(id) }) },
    jwks: {
      keys: [
        jwk('rsa', { modulusLength: 2048 }, { kid: 'r1', alg: 'RS256' }),
        jwk('ec', { namedCurve: 'P-256' }, { kid: 'e1', alg: 'ES256' }),
      ],
    },
    pkce: { required: () => true },
    ttl: { AccessToken: 600, AuthorizationCode: 60, Grant: 600, IdToken: 600, Interaction: 600, Session: 600 },
  });
  server.on('request', provider.callback());
}

const server = createServer();
await new Promise((done) => server.listen(0, '127.0.0.1', done));
const issuer = `http://localhost:${server.address().port}`;
console.log(`ready ${issuer}`);
for await (const line of createInterface({ input: process.stdin })) {
  const told = JSON.parse(line);
  if (told.redirects) serve(server, issuer, told.redirects);
  for (const [login, claims] of Object.entries(told.people ?? {})) people.set(login, claims);
  console.log('told');
}
process.exit(0);
