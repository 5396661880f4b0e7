# Fails if PROGRAM is larger than an agent may be.
file(SIZE ${PROGRAM} size)
if(size GREATER 2097152)
  message(FATAL_ERROR "${PROGRAM} has ${size} bytes; an agent has at most 2 MiB")
endif()
message(STATUS "${PROGRAM}: ${size} bytes")
