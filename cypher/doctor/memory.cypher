// The most that the server's heap may become, and the machine's memory, in bytes.
CALL dbms.queryJmx('java.lang:type=Memory') YIELD attributes AS heap
CALL dbms.queryJmx('java.lang:type=OperatingSystem') YIELD attributes AS machine
RETURN heap.HeapMemoryUsage.value.properties.max AS heap,
  coalesce(machine.TotalMemorySize, machine.TotalPhysicalMemorySize).value AS machine
