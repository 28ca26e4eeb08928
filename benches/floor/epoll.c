/* The barest echo by epoll(7), with which an async runtime waits: one loop for all, and
 * the kernel remembers the descriptors to wait for. It blocks if a client does not read. */
#include "connection.h"
#include <sys/epoll.h>

enum { EVENTS = 64 };

static void watch(int epoll, int socket) {
    struct epoll_event event = {.events = EPOLLIN, .data.fd = socket};
    epoll_ctl(epoll, EPOLL_CTL_ADD, socket, &event);
}

int main(void) {
    static char buffer[READ_SIZE];
    int epoll = epoll_create1(0);
    watch(epoll, LISTENER);
    for (;;) {
        struct epoll_event ready[EVENTS];
        int count = epoll_wait(epoll, ready, EVENTS, -1);
        for (int i = 0; i < count; i++) {
            int socket = ready[i].data.fd;
            if (socket == LISTENER)
                watch(epoll, accept(LISTENER, NULL, NULL));
            else if (!echo_once(socket, buffer))
                finish(socket);
        }
    }
}
