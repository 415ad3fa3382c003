// Walks through Flutterwave's own SDK against a simulator and prints every answer as one JSON object.
// Usage: node walk.js ADDRESS SECRET_KEY
'use strict';

const { EventEmitter } = require('node:events');
const https = require('node:https');

// The SDK reports its use to its makers over https. The simulator speaks http, so nothing else is lost.
https.request = () => {
  const nowhere = new EventEmitter();
  Object.assign(nowhere, { write() {}, end() {}, setTimeout() {}, destroy() {} });
  process.nextTick(() => nowhere.emit('error', new Error('this test calls nobody')));
  return nowhere;
};

const Flutterwave = require('flutterwave-node-v3');

const [address, key] = process.argv.slice(2);
const flw = new Flutterwave('FLWPUBK-of-a-test', key, `${address}/`);

const payment = {
  account_bank: '044',
  account_number: '0690000040',
  amount: 5500,
  narration: 'For your work',
  currency: 'NGN',
  reference: 'sdk-1',
  debit_currency: 'NGN',
};
const member = { bank_code: '044', account_number: '0690000032', amount: 100.5, currency: 'NGN', narration: 'Pay' };

async function ended(id) {
  for (;;) {
    const answer = await flw.Transfer.get_a_transfer({ id });
    if (!['NEW', 'PENDING'].includes(answer.data.status)) return answer;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function walk() {
  const said = {};
  said.created = await flw.Transfer.initiate({ ...payment });
  said.again = await flw.Transfer.initiate({ ...payment });
  said.blacklisted = await flw.Transfer.initiate({ ...payment, account_number: '0690000036', reference: 'sdk-2' });
  said.fetched = await ended(said.created.data.id);
  said.found = await flw.Transfer.fetch({ reference: 'sdk-1' });
  said.missing = await flw.Transfer.fetch({ reference: 'sdk-never' });
  said.bulk = await flw.Transfer.bulk({
    title: 'Salaries',
    bulk_data: [
      { ...member, reference: 'sdk-bulk-1' },
      { ...member, reference: 'sdk-bulk-2' },
    ],
  });
  said.all = await flw.Transfer.fetch();
  said.wallet = await flw.Transfer.wallet_to_wallet({
    ...payment,
    account_bank: 'flutterwave',
    account_number: '99992069',
    reference: 'sdk-wallet',
  });
  said.fee = await flw.Transfer.fee({ amount: 12500, currency: 'NGN' });
  said.resolved = await flw.Misc.verify_Account({ account_number: '0690000032', account_bank: '044' });
  said.unresolved = await flw.Misc.verify_Account({ account_number: '1234500009', account_bank: '044' });
  said.balances = await flw.Misc.bal();
  said.balance = await flw.Misc.bal_currency({ currency: 'NGN' });
  said.banks = await flw.Bank.country({ country: 'NG' });
  said.branches = await flw.Bank.branches({ id: 280 });
  said.saved = await flw.Beneficiary.create({
    account_number: '0690000034',
    account_bank: '044',
    beneficiary_name: 'Ade Bond',
  });
  said.savedOnes = await flw.Beneficiary.fetch_all();
  said.savedOne = await flw.Beneficiary.fetch({ id: said.saved.data.id });
  return said;
}

walk().then(
  (said) => process.stdout.write(JSON.stringify(said), () => process.exit(0)),
  (error) => {
    process.stderr.write(`${error.stack}\n`, () => process.exit(1));
  },
);
