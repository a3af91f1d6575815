# Objects compiled with an instruction set's flags define nothing that the linker may merge with others' copies: an inline
# function compiled there could be the one that is kept for everybody (see engine/kernels/kernels.h).
# cmake -DNM=... "-DOBJECTS=a.o;b.o" -DPATTERN=regex -DAT_LEAST=n -P IsaObjectsTest.cmake; PATTERN chooses n objects or more.
set(checked 0)
foreach(object IN LISTS OBJECTS)
  if(NOT object MATCHES "${PATTERN}")
    continue()
  endif()
  execute_process(COMMAND ${NM} --defined-only ${object} OUTPUT_VARIABLE symbols COMMAND_ERROR_IS_FATAL ANY)
  math(EXPR checked "${checked} + 1")
  string(REGEX MATCHALL "[0-9a-f]+ [WwVvu] [^\n]+" weak "${symbols}")
  if(weak)
    message(SEND_ERROR "${object} has ${weak}")
  endif()
endforeach()
if(checked LESS AT_LEAST)
  message(FATAL_ERROR "looked at ${checked} objects only: ${OBJECTS}")
endif()
