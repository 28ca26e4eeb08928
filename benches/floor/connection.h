/* What all of these programs do with a connection, and nothing else. */
#include <sys/socket.h>
#include <unistd.h>

/* The listening socket is standard input, as with inetd(8) ("wait"). */
enum { LISTENER = 0, READ_SIZE = 64 * 1024 };

/* Ends a connection as the servers do: shut the sending side, read to the end, close. */
static inline void finish(int client) {
    char scrap[4096];
    shutdown(client, SHUT_WR);
    while (read(client, scrap, sizeof scrap) > 0) {
    }
    close(client);
}

/* Reads once and sends that back. 0: the client will send no more, or is gone. */
static inline int echo_once(int client, char *buffer) {
    ssize_t count = read(client, buffer, READ_SIZE);
    return count > 0 && write(client, buffer, count) == count;
}

/* Serves one client to the end. */
static inline void echo(int client) {
    char buffer[READ_SIZE];
    while (echo_once(client, buffer)) {
    }
    finish(client);
}

/* Tells one client a fortune. */
static inline void fortune(int client) {
    static const char text[] = "A connection is two half-connections, and each ends alone.\r\n";
    if (write(client, text, sizeof text - 1) < 0)
        _exit(1);
    finish(client);
}
