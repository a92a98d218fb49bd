// Exercises node's event loop, thread pool and workers; prints what it found.
import { strict as assert } from 'node:assert';
import { execFile } from 'node:child_process';
import { pbkdf2 } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';

const range = (count) => [...Array(count).keys()];
const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);
const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

async function timers() {
  const order = [];
  const cancelled = setTimeout(() => order.push('cancelled'), 5);
  clearTimeout(cancelled);
  await Promise.all(range(100).map(async (number) => {
    const start = performance.now();
    await sleep(50);
    assert(performance.now() - start >= 49); // node counts whole milliseconds
    order.push(number);
  }));
  assert.deepEqual(order, range(100)); // promised among timers of the same length
  return '100 in order';
}

async function files() {
  const folder = await mkdtemp(join(tmpdir(), 'node-'));
  await Promise.all(range(20).map(async (number) => {
    const path = join(folder, `${number}`);
    const text = `${number} `.repeat(10000);
    await writeFile(path, text);
    assert.equal(await readFile(path, 'utf8'), text);
  }));
  await rm(folder, { recursive: true });
  return '20 files';
}

async function pbkdf2InThreads() {
  const derive = promisify(pbkdf2);
  const keys = await Promise.all(
    range(8).map((number) => derive('password', 'salt', number + 1, 32, 'sha256')));
  assert.equal(new Set(keys.map((key) => key.toString('hex'))).size, 8);
  return `8 keys, ${keys[0].toString('hex')}`;
}

async function workers() {
  const code = `
    const { parentPort } = require('node:worker_threads');
    parentPort.on('message', (number) => {
      if (number === null) parentPort.close();
      else parentPort.postMessage(number * number);
    });`;
  const started = range(4).map(() => new Worker(code, { eval: true }));
  const squares = await Promise.all(started.map(async (worker, number) => {
    worker.postMessage(number);
    const [first] = await once(worker, 'message');
    worker.postMessage(number + first);
    const [second] = await once(worker, 'message');
    return first + second;
  }));
  const status = readFileSync('/proc/self/status', 'utf8');
  console.log(`kernel threads: ${status.match(/^Threads:\s+(\d+)/m)[1]}`);
  started.forEach((worker) => worker.postMessage(null));
  const exits = await Promise.all(started.map((worker) => once(worker, 'exit')));
  assert.deepEqual(exits.flat(), [0, 0, 0, 0]);
  return `4 workers, sum ${sum(squares)}`;
}

async function atomics() {
  const shared = new Int32Array(new SharedArrayBuffer(4));
  const code = `
    const { parentPort, workerData } = require('node:worker_threads');
    parentPort.postMessage('waiting');
    parentPort.postMessage(Atomics.wait(workerData, 0, 0, 20000));`;
  const worker = new Worker(code, { eval: true, workerData: shared });
  const messages = [];
  worker.on('message', (message) => messages.push(message));
  await once(worker, 'message');
  Atomics.store(shared, 0, 1);
  Atomics.notify(shared, 0);
  await once(worker, 'exit');
  assert(['ok', 'not-equal'].includes(messages[1]), messages[1]);
  return 'woken';
}

async function httpServer() {
  const server = http.createServer((request, response) => response.end(request.url.repeat(100)));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${server.address().port}`;
  const replies = await Promise.all(range(100).map(async (number) => {
    const [response] = await once(http.get(`${url}/${number}`), 'response');
    return (await response.toArray()).join('') === `/${number}`.repeat(100);
  }));
  server.close();
  await once(server, 'close');
  return `${replies.filter(Boolean).length} correct replies`;
}

async function sockets() {
  const server = net.createServer((socket) => socket.pipe(socket)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const data = Buffer.from(range(1000000).map((number) => number % 251));
  const client = net.connect(server.address().port, '127.0.0.1');
  client.end(data);
  const echoed = Buffer.concat(await client.toArray());
  server.close();
  assert(echoed.equals(data));
  return `${echoed.length} bytes`;
}

async function children() {
  const run = promisify(execFile);
  const replies = await Promise.all(range(5).map((number) => run('echo', [`${number}`])));
  replies.forEach(({ stdout }, number) => assert.equal(stdout, `${number}\n`));
  return `${replies.length} replies`;
}

async function dns() {
  return (await lookup('localhost', { family: 4 })).address;
}

const tests = {
  timers,
  files,
  pbkdf2: pbkdf2InThreads,
  workers,
  atomics,
  http: httpServer,
  sockets,
  children,
  dns,
};
for (const [name, test] of Object.entries(tests)) console.log(`${name}: ${await test()}`);
