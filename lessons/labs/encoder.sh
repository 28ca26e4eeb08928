#!/bin/sh
# Makes a picture and a tone, encodes them as fast as they are played, and pushes them to the relay.
exec ffmpeg -v error \
    -re -f lavfi -i testsrc2=size=320x180:rate=25 \
    -re -f lavfi -i sine=sample_rate=48000 \
    -c:v libx264 -preset ultrafast -g 25 -pix_fmt yuv420p \
    -c:a aac \
    -f mpegts tcp://127.0.0.1:9999
