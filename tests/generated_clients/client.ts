// Creates a link with the generated types, and follows it. `tests/generated_clients/run` compiles and runs this.
import createClient from 'openapi-fetch';
import type { paths } from './api.js';

declare const process: { argv: string[] };
const base = process.argv[2]!;
const client = createClient<paths>({ baseUrl: base });

const url = 'https://example.com/typescript';
const { data, error } = await client.POST('/shorten', { body: { url, expires_in: 60 } });
// By `Accept`, a response may also be text or a page.
if (typeof data !== 'object') throw new Error(`the link was not created: ${JSON.stringify(error)}`);

const redirect = await fetch(`${base}/${data.code}`, { redirect: 'manual' });
if (redirect.headers.get('location') !== url) throw new Error(`the redirect leads to ${redirect.headers.get('location')}`);

const rejected = await client.POST('/shorten', { body: { url: 'https://localhost/' } });
if (typeof rejected.error !== 'object' || !('type' in rejected.error)) throw new Error('the URL was not rejected');
if (rejected.error.type !== 'urn:shortlink:problem:invalid-url') throw new Error(rejected.error.type);
