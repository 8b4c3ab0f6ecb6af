/* Shared by reading and writing conference-info. */
#pragma once

#include "sip/confinfo.h"

#define NS_CONFINFO "urn:ietf:params:xml:ns:conference-info"
#define NS_XCON	    "urn:ietf:params:xml:ns:xcon-conference-info"
#define NS_CLIENT   "jabber:client"
