// A provider of OpenID Connect for tests: `node provider.mjs PORT CALLBACK...`. Its issuer is on 127.0.0.1, or at the
// name that ISSUER_HOST says, for browsers to see another site.
//
// It says `ready` once it listens, takes one order a line on standard input, and ends with that:
//   keys RS256|ES256|...   sign with a new key, and forget the ones before
// Whoever signs in with the login `ada` or `bob` is taken, whatever the password.
import { createServer } from 'node:http';
import { generateKeyPairSync } from 'node:crypto';
import { createInterface } from 'node:readline';
import { Provider } from 'oidc-provider';

const [port, ...callbacks] = process.argv.slice(2);
const issuer = `http://${process.env.ISSUER_HOST ?? '127.0.0.1'}:${port}`;
const people = {
  ada: { email: 'ada@example.com', email_verified: true, groups: ['sre', 'payments'] },
  bob: { email: 'bob@example.com', email_verified: false, groups: [] },
};

function signingKey(alg) {
  const kinds = {
    RS256: ['rsa', { modulusLength: 2048 }], PS256: ['rsa', { modulusLength: 2048 }],
    ES256: ['ec', { namedCurve: 'P-256' }], ES384: ['ec', { namedCurve: 'P-384' }],
    EdDSA: ['ed25519', {}],
  };
  const { privateKey } = generateKeyPairSync(...kinds[alg]);
  return { ...privateKey.export({ format: 'jwk' }), use: 'sig', alg, kid: `${alg}-${Date.now()}` };
}

function provider(alg) {
  const client = (client_id, more) => ({
    client_id, redirect_uris: callbacks, response_types: ['code'], grant_types: ['authorization_code'],
    id_token_signed_response_alg: alg, ...more,
  });
  return new Provider(issuer, {
    clients: [
      client('tidegate', { client_secret: 'a secret: with %signs+' }),
      client('by-body', { client_secret: 'secret', token_endpoint_auth_method: 'client_secret_post' }),
      client('public', { token_endpoint_auth_method: 'none' }),
    ],
    jwks: { keys: [signingKey(alg)] },
    enabledJWA: { idTokenSigningAlgValues: ['RS256', 'PS256', 'ES256', 'ES384', 'EdDSA'] },
    cookies: { keys: ['a key for cookies of tests'] },
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['groups'] },
    findAccount: (_, id) =>
      people[id] && { accountId: id, claims: () => ({ sub: id, ...people[id] }) },
    pkce: { required: () => true },
  });
}

let current = provider('RS256').callback();
createServer((request, response) => current(request, response)).listen(Number(port), '127.0.0.1', () => {
  console.log('ready');
});

createInterface({ input: process.stdin })
  .on('line', (line) => {
    const [order, alg] = line.split(' ');
    if (order === 'keys') current = provider(alg).callback();
    console.log('done');
  })
  .on('close', () => process.exit(0));
