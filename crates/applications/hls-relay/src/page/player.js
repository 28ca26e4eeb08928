// Plays the stream when the reader asks for it, and shows what the relay is doing.

"use strict";

const PLAYLIST = "stream.m3u8";

// How often to ask the relay, in milliseconds.
const EVERY = 2000;

const video = document.getElementById("video");
const news = document.getElementById("news");

// The player, as long as there is something to play.
let hls = null;

// The player's error, until it plays again.
let trouble = "";

// The last status of the relay.
let status = null;

const STATES = {
  waiting: "Waiting: there is nothing to play yet.",
  live: "On air.",
  interrupted: "The encoder is gone. What it has sent can still be played.",
  ended: "The stream has ended. What is left can still be played.",
};

// hls.js's errors in words: https://github.com/video-dev/hls.js/blob/master/docs/API.md#errors
const TROUBLES = {
  manifestLoadError: "The playlist cannot be loaded.",
  manifestLoadTimeOut: "The playlist takes too long to load.",
  manifestParsingError: "The playlist cannot be understood.",
  manifestIncompatibleCodecsError: "This browser cannot decode the stream.",
  levelLoadError: "The playlist cannot be loaded again.",
  levelLoadTimeOut: "The playlist takes too long to load again.",
  levelParsingError: "The playlist cannot be understood.",
  fragLoadError: "A segment cannot be loaded.",
  fragLoadTimeOut: "A segment takes too long to load.",
  fragParsingError: "A segment cannot be understood.",
  fragGap: "A segment is missing.",
  bufferAddCodecError: "This browser cannot decode the stream.",
  bufferIncompatibleCodecsError: "This browser cannot decode the stream.",
  bufferAppendError: "This browser cannot decode a segment.",
  bufferAppendingError: "This browser cannot decode a segment.",
  bufferFullError: "The browser's buffer is full.",
  bufferStalledError: "The stream stands still, and waits for more.",
  bufferNudgeOnStall: "The stream stood still, and was pushed on.",
  bufferSeekOverHole: "A hole in the stream was skipped.",
};

// Shows the news, but only if it has changed: a screen reader reads it out each time.
function tell() {
  const said = trouble || (status ? STATES[status.state] : "The relay does not answer.");
  if (news.textContent !== said) news.textContent = said;
}

function show(id, text) {
  document.getElementById(id).textContent = text;
}

function showStatus() {
  if (!status) return;
  const { encoder, bits_a_second, segments, seconds, bytes } = status;
  show("encoder", encoder ?? "none");
  show("bitrate", `${(bits_a_second / 1e6).toFixed(1)} Mbit/s`);
  show("segments", `${segments}, ${seconds.toFixed(0)} s, ${(bytes / 2 ** 20).toFixed(1)} MiB`);
  show("connections", status.connections);
  show("listeners", status.listeners);
  show("dropped", status.dropped);
}

async function ask() {
  try {
    const answer = await fetch("status.json", { cache: "no-store" });
    status = await answer.json();
  } catch {
    status = null;
  }
  showStatus();
  if (status && status.state !== "waiting") prepare();
  tell();
  setTimeout(ask, EVERY);
}

// Prepares the player. It loads segments only when the reader presses play.
function prepare() {
  if (hls || video.src) return;
  if (!Hls.isSupported()) {
    // Safari on a phone can play playlists itself.
    if (video.canPlayType("application/vnd.apple.mpegurl")) video.src = PLAYLIST;
    else trouble = "This browser can play no live stream.";
    return;
  }
  hls = new Hls({ autoStartLoad: false, liveSyncDurationCount: 2 });
  hls.on(Hls.Events.ERROR, (_, error) => fail(error));
  hls.on(Hls.Events.MANIFEST_PARSED, () => { if (!video.paused) hls.startLoad(); });
  hls.loadSource(PLAYLIST);
  hls.attachMedia(video);
}

// Most errors pass: hls.js tries again. A fatal error ends the player, and the next answer of the
// relay makes a new one.
function fail({ details, fatal }) {
  trouble = TROUBLES[details] ?? `The player says: ${details}.`;
  if (fatal) {
    trouble += " The player starts again.";
    hls.destroy();
    hls = null;
  }
  tell();
}

video.addEventListener("play", () => hls?.startLoad());
for (const well of ["playing", "timeupdate"]) {
  video.addEventListener(well, () => {
    if (trouble && video.readyState >= HTMLMediaElement.HAVE_FUTURE_DATA) {
      trouble = "";
      tell();
    }
  });
}

globalThis.player = { get hls() { return hls; } };
ask();
