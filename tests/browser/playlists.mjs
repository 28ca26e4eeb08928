// Parses playlists strictly, by hls-parser: a JSON list of their texts on standard input.

import { text } from "node:stream/consumers";
import * as HLS from "hls-parser";

const playlists = JSON.parse(await text(process.stdin));
HLS.setOptions({ strictMode: true });
for (const playlist of playlists) {
  try {
    const { isMasterPlaylist, segments } = HLS.parse(playlist);
    if (isMasterPlaylist || segments.length === 0) throw new Error("it lists no segments");
  } catch (error) {
    console.log(`${error.message}:\n${playlist}`);
    process.exitCode = 1;
  }
}
console.log(`${playlists.length} playlists`);
