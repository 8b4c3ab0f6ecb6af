# Libraries from Debian, each seen only by the folder that needs it.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)

# lib(NAME MODULE): an imported target whose headers are system headers.
function(lib name)
	pkg_check_modules(${name} REQUIRED QUIET IMPORTED_TARGET ${ARGN})
	get_target_property(inc PkgConfig::${name} INTERFACE_INCLUDE_DIRECTORIES)
	if(inc)
		set_target_properties(PkgConfig::${name} PROPERTIES
			INTERFACE_SYSTEM_INCLUDE_DIRECTORIES "${inc}")
	endif()
endfunction()

lib(LIBEVENT libevent)
lib(LIBEVENT_OPENSSL libevent_openssl)
lib(OPENSSL openssl)
lib(EXPAT expat)
lib(SOFIA sofia-sip-ua)
lib(LIBXML2 libxml-2.0)
lib(CONFUSE libconfuse)
lib(SQLITE sqlite3)
lib(JANSSON jansson)
lib(SYSTEMD libsystemd)
lib(IDN2 libidn2) # IDNA in addresses
lib(LDNS ldns) # DNS messages, not its resolver

find_library(UNISTRING_LIBRARY unistring REQUIRED)
