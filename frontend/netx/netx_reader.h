/* netx_reader.h - what the registry sees of the netx reader. */
#ifndef SF_NETX_READER_H
#define SF_NETX_READER_H

#include "sf/frontend.h"

extern const sf_frontend sf_frontend_netx;

#endif
