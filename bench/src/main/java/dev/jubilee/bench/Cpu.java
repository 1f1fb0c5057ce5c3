package dev.jubilee.bench;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;

/** CPU time of this process, garbage collection and compiling included. */
final class Cpu {
    private final long before = nanos();

    /** Since this was made. */
    double seconds() {
        return (nanos() - before) / 1e9;
    }

    private static long nanos() {
        return ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class).getProcessCpuTime();
    }
}
