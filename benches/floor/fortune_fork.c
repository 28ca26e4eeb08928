/* The barest fortune that forks: accept, fork; write, linger, close. */
#include "connection.h"
#include <signal.h>
#include <sys/wait.h>

static void reap(int signal) {
    (void)signal;
    while (waitpid(-1, NULL, WNOHANG) > 0) {
    }
}

static const char fortune[] = "A connection is two half-connections, and each ends alone.\r\n";

int main(void) {
    signal(SIGCHLD, reap);
    for (;;) {
        int client = accept(LISTENER, NULL, NULL);
        if (fork() == 0) {
            if (write(client, fortune, sizeof fortune - 1) < 0)
                _exit(1);
            finish(client);
            _exit(0);
        }
        close(client);
    }
}
