/* The barest fortune by a pool: the workers of pool.c tell a fortune, and do not echo. */
#define SERVE fortune
#include "pool.c"
