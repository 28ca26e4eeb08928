/* The barest echo by io_uring(7): the kernel receives into one of its buffers, and when that has
 * been sent back, it gets the buffer again and the next order to receive. */
#include "connection.h"
#include <liburing.h>
#include <stdlib.h>

enum { ORDERS = 256, BUFFERS = 64, ACCEPT = 0, RECEIVE = 1, SEND = 2 };

static struct io_uring ring;
static struct io_uring_buf_ring *free_buffers;
static char buffers[BUFFERS][READ_SIZE];
static int client_of[BUFFERS];

static struct io_uring_sqe *order(void) {
    struct io_uring_sqe *order = io_uring_get_sqe(&ring);
    if (order)
        return order;
    io_uring_submit(&ring);
    return io_uring_get_sqe(&ring);
}

/* Names an order: what it does, and for which client or buffer. */
static void name(struct io_uring_sqe *order, int what, unsigned whose) {
    io_uring_sqe_set_data64(order, (unsigned long)whose << 2 | what);
}

static void give(int buffer) {
    io_uring_buf_ring_add(free_buffers, buffers[buffer], READ_SIZE, buffer, BUFFERS - 1, 0);
    io_uring_buf_ring_advance(free_buffers, 1);
}

static void receive(int client) {
    struct io_uring_sqe *sqe = order();
    io_uring_prep_recv(sqe, client, NULL, 0, 0);
    io_uring_sqe_set_flags(sqe, IOSQE_BUFFER_SELECT);
    name(sqe, RECEIVE, client);
}

static void send_back(int client, int buffer, int count) {
    struct io_uring_sqe *sqe = order();
    client_of[buffer] = client;
    io_uring_prep_send(sqe, client, buffers[buffer], count, MSG_WAITALL);
    name(sqe, SEND, buffer);
}

static void accept_all(void) {
    struct io_uring_sqe *sqe = order();
    io_uring_prep_multishot_accept(sqe, LISTENER, NULL, NULL, 0);
    name(sqe, ACCEPT, 0);
}

int main(void) {
    struct io_uring_params params = {
        .flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_CQSIZE,
        .cq_entries = 4096,
    };
    if (io_uring_queue_init_params(ORDERS, &ring, &params) < 0)
        return 1;
    if (posix_memalign((void **)&free_buffers, 4096, BUFFERS * sizeof(struct io_uring_buf)))
        return 1;
    io_uring_buf_ring_init(free_buffers);
    struct io_uring_buf_reg group = {
        .ring_addr = (unsigned long)free_buffers, .ring_entries = BUFFERS};
    if (io_uring_register_buf_ring(&ring, &group, 0))
        return 1;
    for (int buffer = 0; buffer < BUFFERS; buffer++)
        give(buffer);
    accept_all();
    for (;;) {
        struct io_uring_cqe *done;
        unsigned head, count = 0;
        io_uring_submit_and_wait(&ring, 1);
        io_uring_for_each_cqe(&ring, head, done) {
            count++;
            int whose = done->user_data >> 2, buffer = done->flags >> IORING_CQE_BUFFER_SHIFT;
            switch (done->user_data & 3) {
            case ACCEPT:
                receive(done->res);
                break;
            case SEND:
                give(whose);
                receive(client_of[whose]);
                break;
            case RECEIVE:
                if (done->res > 0)
                    send_back(whose, buffer, done->res);
                else if (done->res == -ENOBUFS)
                    receive(whose);
                else
                    finish(whose);
            }
        }
        io_uring_cq_advance(&ring, count);
    }
}
