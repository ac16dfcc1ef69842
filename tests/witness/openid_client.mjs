// A command-line tool with openid-client, the public client `tool`: signatures, state, nonce, issuer and hashes are checked by the library.
// Writes a line of JSON for each page that a browser has to open, and reads where that page led to; the last line tells what it has got.
import { createInterface } from 'node:readline/promises';

const [library, issuer, graphql] = process.argv.slice(2);
const openid = await import(library);
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const print = (told) => process.stdout.write(`${JSON.stringify(told)}\n`);
const browse = async (url) => {
  print({ open: url.href });
  return new URL((await lines.next()).value);
};

const plainHttp = { execute: [openid.allowInsecureRequests, openid.enableNonRepudiationChecks] };
const provider = await openid.discovery(new URL(issuer), 'tool', undefined, openid.None(), plainHttp);

// Any free port of this machine, as programs take one.
const callback = 'http://127.0.0.1:49152/callback';
const pkceCodeVerifier = openid.randomPKCECodeVerifier();
const [expectedState, expectedNonce] = [openid.randomState(), openid.randomNonce()];
const returned = await browse(
  openid.buildAuthorizationUrl(provider, {
    redirect_uri: callback,
    scope: 'openid profile',
    code_challenge: await openid.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
    state: expectedState,
    nonce: expectedNonce,
    login_hint: 'ada',
  }),
);
const checks = { pkceCodeVerifier, expectedState, expectedNonce, idTokenExpected: true };
const tokens = await openid.authorizationCodeGrant(provider, returned, checks);
const subject = tokens.claims().sub;
const refreshed = await openid.refreshTokenGrant(provider, tokens.refresh_token);
const userinfo = await openid.fetchUserInfo(provider, refreshed.access_token, subject);
const answer = await fetch(graphql, {
  method: 'POST',
  headers: { authorization: `Bearer ${refreshed.access_token}`, 'content-type': 'application/json' },
  body: JSON.stringify({ query: '{ me { username } }' }),
});
const { me } = (await answer.json()).data;

const goodbye = { id_token_hint: refreshed.id_token, post_logout_redirect_uri: callback, state: 'goodbye' };
const left = await browse(openid.buildEndSessionUrl(provider, goodbye));
if (left.href !== `${callback}?state=goodbye`) throw new Error(`after the logout: ${left}`);
const refused = await openid.refreshTokenGrant(provider, refreshed.refresh_token).catch((error) => error.error);
print({
  subject,
  userinfo,
  me,
  refreshed: refreshed.access_token !== tokens.access_token,
  after_logout: refused,
});
process.exit();
