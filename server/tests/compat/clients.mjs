// Qdrant's JavaScript client doing its ordinary work against the server.
//
//     node clients.mjs http://localhost:6333
//
// The first step that does not come out as it must ends with a stack trace and exit code 1.

import assert from 'node:assert/strict';
import {QdrantClient} from '@qdrant/js-client-rest';

const client = new QdrantClient({url: process.argv[2]});
const name = 'compat-js';
const near = [0.2, 0.1, 0.9, 0.7];

assert.match((await client.versionInfo()).version, /^\d+\.\d+\.\d+/);
await client.deleteCollection(name);
assert.equal(await client.createCollection(name, {vectors: {size: 4, distance: 'Dot'}}), true);
assert.equal((await client.collectionExists(name)).exists, true);

const points = [
  {id: 1, vector: [0.05, 0.61, 0.76, 0.74], payload: {city: 'Berlin', count: 1000000, square: 12.5}},
  {id: 2, vector: [0.19, 0.81, 0.75, 0.11], payload: {city: ['Berlin', 'London']}},
  {id: '98a9a4b1-4ef2-46fb-8315-a97d874fe1d7', vector: [0.24, 0.18, 0.22, 0.44]},
];
assert.equal((await client.upsert(name, {wait: true, points})).status, 'completed');
assert.equal((await client.getCollection(name)).points_count, 3);
assert.equal((await client.createPayloadIndex(name, {field_name: 'city', field_schema: 'keyword', wait: true})).status, 'completed');

const found = await client.search(name, {vector: near, limit: 3});
assert.deepEqual(found.map(({id}) => id), [1, 2, points[2].id]);
const london = {must: [{key: 'city', match: {value: 'London'}}]};
const batch = await client.searchBatch(name, {searches: [{vector: near, filter: london, limit: 3}, {vector: near, limit: 1}]});
assert.deepEqual(batch.map(list => list.map(({id}) => id)), [[2], [1]]);
assert.equal((await client.query(name, {query: near, limit: 1, with_payload: true})).points[0].payload.count, 1000000);
assert.equal((await client.recommend(name, {positive: [1], limit: 2})).length, 2);

assert.equal((await client.setPayload(name, {payload: {square: 3}, points: [2], wait: true})).status, 'completed');
assert.equal((await client.retrieve(name, {ids: [2]}))[0].payload.square, 3);
assert.equal((await client.count(name, {filter: london})).count, 1);
const page = await client.scroll(name, {limit: 2});
assert.deepEqual([page.points.length, page.next_page_offset], [2, points[2].id]);

// Beyond what a double holds exactly: sent and received as JSON integers, which this client can do where the language can.
if (typeof JSON.rawJSON === 'function') {
  const large = 18446744073709551615n;
  await client.upsert(name, {wait: true, points: [{id: large, vector: near}]});
  assert.equal(BigInt((await client.search(name, {vector: near, limit: 1}))[0].id), large);
  await client.delete(name, {wait: true, points: [large]});
}

await assert.rejects(client.getCollection('no-such-collection'), error => error.status === 404);
await client.delete(name, {wait: true, filter: london});
assert.equal((await client.count(name)).count, 2);
assert.equal(await client.deleteCollection(name), true);
console.log('js-client-rest: ok');
