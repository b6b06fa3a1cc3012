// Makes clients.json: fields as libraries for JavaScript hold them, the text that they make of
// them, and a signature over it by a key that is known to everybody (the second of Hardhat).
//
//   npm install --legacy-peer-deps siwe1@npm:siwe@1.1.6 siwe2@npm:siwe@2.3.2 \
//     siwe3@npm:siwe@3.0.0 viem@2.57.20 ethers@6 && node clients.mjs > clients.json
import { createRequire } from 'module';
import { privateKeyToAccount } from 'viem/accounts';
import { createSiweMessage } from 'viem/siwe';

const require = createRequire(import.meta.url);
const plain = (value) => JSON.parse(JSON.stringify(value));
const clients = {};
for (const name of ['siwe1', 'siwe2', 'siwe3']) {
  const { SiweMessage } = require(name);
  clients[`siwe ${require(`${name}/package.json`).version}`] = (fields) => {
    const message = new SiweMessage(fields);
    const text = message.prepareMessage();
    return [plain(message), text];
  };
}
clients['viem 2.57.20'] = (fields) => {
  const dated = { ...fields };
  for (const name of ['issuedAt', 'expirationTime', 'notBefore']) {
    if (dated[name]) dated[name] = new Date(dated[name]);
  }
  return [plain(fields), createSiweMessage(dated)];
};

const account = privateKeyToAccount('0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d');
const required = {
  domain: 'app.passport.xyz',
  address: account.address,
  uri: 'https://app.passport.xyz',
  version: '1',
  chainId: 1,
  nonce: '4a4dfe25e0e738070f76aaaac9f3f19e',
  issuedAt: '2026-11-25T12:00:00.000Z',
};
const optional = {
  statement: 'Sign in to Passport',
  requestId: 'some_id',
  expirationTime: '2099-01-01T00:00:00.000Z',
  notBefore: '2021-01-01T00:00:00.000Z',
  resources: ['https://app.passport.xyz/a'],
};
const empty = { statement: '', requestId: '', expirationTime: '', notBefore: '', resources: [] };
const cases = { 'no optional field': {}, 'every optional field': optional };
for (const name of Object.keys(optional)) {
  cases[`only ${name}`] = { [name]: optional[name] };
  cases[`${name}: ${name === 'resources' ? '[]' : '""'}`] = { [name]: empty[name] };
  cases[`${name}: null`] = { [name]: null };
}
cases['all empty'] = empty;
cases['all null'] = Object.fromEntries(Object.keys(empty).map((name) => [name, null]));
cases['empty but with an id'] = { ...optional, statement: '', notBefore: '', resources: [] };
cases['scheme'] = { scheme: 'https' };
cases['scheme: ""'] = { scheme: '' };
cases['chain 8453'] = { chainId: 8453 };
cases['chain "1"'] = { chainId: '1' };

const made = [];
for (const [client, make] of Object.entries(clients)) {
  for (const [name, fields] of Object.entries(cases)) {
    if (client.startsWith('siwe 1.') && fields.scheme) continue; // it knows no scheme
    let all, text;
    try {
      [all, text] = make({ ...required, ...fields });
    } catch {
      continue; // the library refuses it
    }
    delete all.type;
    const signature = await account.signMessage({ message: text });
    made.push(JSON.stringify({ client, name, fields: all, text, signature }));
  }
}
console.log(`[\n${made.join(',\n')}\n]`);
