// A client of the P24 twin in Node: raises channel 1 to 1 mA in steps, stops, asks whether nothing is on.
//   node client.mjs HOST PORT
import net from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

const [ML_INIT, ML_UPDATE, ML_STOP, STATUS] = [30, 32, 34, 62];
const socket = net.connect({ host: process.argv[2], port: Number(process.argv[3]) });
socket.setTimeout(5000, () => socket.destroy(new Error("no answer within 5 s")));
let number = 0;

function crc16(bytes) { // XMODEM
  let crc = 0;
  for (const one of bytes)
    for (let bit = 7; bit >= 0; bit--) crc = ((crc << 1) ^ ((crc >> 15) ^ (one >> bit & 1) ? 0x1021 : 0)) & 0xffff;
  return crc;
}
const stuffed = (bytes, special) => bytes.flatMap((one) => (special(one) ? [0x81, one ^ 0x55] : [one]));
const word = (value) => [value >> 8 & 255, value & 255];

async function ask(command, data = []) {
  number = (number + 1) % 64;
  const body = stuffed([...word(number << 10 | command), ...data], (one) => [0xf0, 0x0f, 0x81].includes(one));
  const head = stuffed([...word(10 + body.length), ...word(crc16(body))], () => true);
  const answered = new Promise((resolve, reject) => { socket.once("data", resolve); socket.once("error", reject); });
  socket.write(Buffer.from([0xf0, ...head, ...body, 0x0f]));
  const answer = await answered; // short answers come in one piece; a longer one would have to be gathered
  if (answer.at(11) !== 0) throw new Error(`command ${command} refused: ${answer.toString("hex")}`);
  return answer;
}
const phase = (ma) => { const point = Buffer.alloc(4); point.writeUInt32BE(200 * 2 ** 20 + (300 + 2 * ma) * 2 ** 10); return [...point]; };

await ask(ML_INIT, [0]);
for (const ma of [0.5, 1]) {
  await ask(ML_UPDATE, [1, 0x10, ...word(80), ...phase(ma), ...phase(-ma)]); // each 20 ms
  await sleep(300);
}
await ask(ML_STOP);
const state = (await ask(STATUS)).at(12);
console.log(state === 0 ? "zero confirmed" : `STILL ON: ${state}`);
socket.end();
process.exitCode = state === 0 ? 0 : 6;
