/* The barest echo by poll(2): one loop for all. It blocks if a client does not read. */
#include "connection.h"
#include <poll.h>

enum { MOST = 20000 };

int main(void) {
    static char buffer[READ_SIZE];
    static struct pollfd watched[MOST] = {{.fd = LISTENER, .events = POLLIN}};
    int count = 1;
    for (;;) {
        poll(watched, count, -1);
        for (int i = count - 1; i > 0; i--) {
            if (watched[i].revents && !echo_once(watched[i].fd, buffer)) {
                finish(watched[i].fd);
                watched[i] = watched[--count];
            }
        }
        if (watched[0].revents && count < MOST) {
            int client = accept(LISTENER, NULL, NULL);
            watched[count++] = (struct pollfd){.fd = client, .events = POLLIN};
        }
    }
}
