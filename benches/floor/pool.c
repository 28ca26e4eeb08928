/* The barest echo by a pool: the main thread accepts, and threads that are there already take the
 * clients from a queue. */
#include "connection.h"
#include <pthread.h>

#ifndef SERVE
#define SERVE echo
#endif

enum { WORKERS = 64, PLACES = 64 };

static int queue[PLACES];
static unsigned put, taken;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t has_client = PTHREAD_COND_INITIALIZER;
static pthread_cond_t has_place = PTHREAD_COND_INITIALIZER;

static void *work(void *unused) {
    for (;;) {
        pthread_mutex_lock(&lock);
        while (put == taken)
            pthread_cond_wait(&has_client, &lock);
        int client = queue[taken++ % PLACES];
        pthread_mutex_unlock(&lock);
        pthread_cond_signal(&has_place);
        SERVE(client);
    }
    return unused;
}

int main(void) {
    for (int i = 0; i < WORKERS; i++) {
        pthread_t thread;
        pthread_create(&thread, NULL, work, NULL);
    }
    for (;;) {
        int client = accept(LISTENER, NULL, NULL);
        pthread_mutex_lock(&lock);
        while (put - taken == PLACES)
            pthread_cond_wait(&has_place, &lock);
        queue[put++ % PLACES] = client;
        pthread_mutex_unlock(&lock);
        pthread_cond_signal(&has_client);
    }
}
