// A peer: the plain design behind Socket.IO on Node.js, for WebSockets.
//
// It keeps the same histories and counts as the other peers, sends the same events and speaks
// JSON. Its screen is a naive list of phrases and its answers are canned, as it can't import the
// Python ones: it does less work for a turn, never more. Compression is off, which is Socket.IO's
// default, and `bufferutil` is there, as its makers advise.
//
//     npm ci && node benchmarks/peers/socketio/server.js --port 0
//
// prints `socketio-bridge listening on http://HOST:PORT` once it accepts connections.
"use strict";

const { createServer } = require("node:http");
const { randomBytes } = require("node:crypto");
const { Server } = require("socket.io");

const PHRASES = [
  "kill myself", "killing myself", "end my life", "ending my life", "take my own life",
  "want to die", "wish i were dead", "better off dead", "suicide", "suicidal",
  "hurt myself", "harm myself", "cut myself", "no reason to live", "can't go on",
];
const NOTICE = "You are not alone. In the United States, call or text 988 at any time.";
const LINES = [
  "Come in, mind the telescope. The stairs are long, and few people climb them without a reason; " +
    "what did you hope to see from up here tonight, and who told you of it?",
  "The oldest thing in this room is the lamp. It was here before the walls were, some say, and " +
    "it has never gone out; somebody has always come up to fill it, as you have come now.",
];

const sessions = new Map();
const offsets = new Map();
const epoch = randomBytes(4).toString("hex");

function sessionOf(user, room) {
  let session = sessions.get(user);
  if (session === undefined) {
    const id = randomBytes(8).toString("hex");
    session = { user, id, epoch: randomBytes(4).toString("hex"), room, turns: [], distress: 0 };
    sessions.set(user, session);
  }
  session.room = room;
  return session;
}

function assess(session, text) {
  const lower = text.toLowerCase();
  const detected = PHRASES.some((phrase) => lower.includes(phrase));
  session.distress = detected ? session.distress + 1 : 0;
  return {
    level: detected ? "crisis" : "none",
    detected,
    turns: session.distress,
    notice: detected ? NOTICE : null,
    resources: [],
  };
}

function turn(session, message) {
  const crisis = assess(session, message);
  const number = session.turns.length + 1;
  const text = LINES[number % LINES.length];
  const response = crisis.notice === null ? text : `${crisis.notice}\n\n${text}`;
  const position = `${session.epoch}:${number}`;
  const at = new Date().toISOString();
  session.turns.push({
    turn: number, position, at, message, response, status: "answered", crisis: crisis.level,
  });
  return {
    user_id: session.user, session_id: session.id, room: session.room, turn: number, response,
    crisis, notices: [], session_messages: number, position,
  };
}

const http = createServer();
const io = new Server(http, { transports: ["websocket"], serveClient: false });

io.on("connection", (socket) => {
  const { user_id: user, room } = socket.handshake.query;
  const session = sessionOf(user, room);
  socket.join(room);
  socket.on("message", ({ ref, message }) => {
    const reply = turn(session, message);
    socket.emit("delta", { ref, seq: 0, text: reply.response });
    socket.emit("reply", { ref, ...reply });
  });
  socket.on("say", ({ ref, text }) => {
    const crisis = assess(session, text);
    const offset = (offsets.get(room) ?? 0) + 1;
    offsets.set(room, offset);
    const position = `${epoch}:${offset}`;
    io.to(room).emit("room", { room, position, event: "said", user_id: user, text });
    socket.emit("done", { ref, position, crisis });
  });
  socket.emit("welcome", { session_id: session.id });
});

const at = process.argv.indexOf("--port");
http.listen(at < 0 ? 0 : Number(process.argv[at + 1]), "127.0.0.1", () => {
  console.log(`socketio-bridge listening on http://127.0.0.1:${http.address().port}`);
});
process.on("SIGTERM", () => process.exit(0));
process.on("SIGINT", () => process.exit(0));
