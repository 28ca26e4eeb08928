/* The barest threaded echo: one thread a client, and no thread is joined. */
#include "connection.h"
#include <pthread.h>
#include <stdint.h>

static void *serve(void *client) {
    echo((intptr_t)client);
    return NULL;
}

int main(void) {
    pthread_attr_t detached;
    pthread_attr_init(&detached);
    pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
    for (;;) {
        pthread_t thread;
        intptr_t client = accept(LISTENER, NULL, NULL);
        pthread_create(&thread, &detached, serve, (void *)client);
    }
}
