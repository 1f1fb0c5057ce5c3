package dev.jubilee.server.cli;

import dev.jubilee.server.Jubilee;
import dev.jubilee.server.config.ServerSettings;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;

/** What a newcomer reads when the platform is ready. */
final class Welcome {
    private Welcome() {}

    static void print(
            PrintWriter out, ServerSettings server, Jubilee jubilee, List<String> embedded) {
        String base = "http://" + reachable(server.host()) + ":";
        String launcher = System.getenv().getOrDefault("JUBILEE_LAUNCHER", "./jubilee");
        out.printf("Ready in %.1f s.%n%n", sinceLaunch().toMillis() / 1000.0);
        if (jubilee.busPort() != 0) {
            line(out, "bus", base + jubilee.busPort());
        }
        if (jubilee.liveOpsPort() != 0) {
            line(out, "live-ops", base + jubilee.liveOpsPort());
        }
        line(out, "metrics", base + jubilee.metricsPort() + "/metrics");
        line(out, "health", base + jubilee.metricsPort() + "/health");
        boolean hasKey = Files.exists(jubilee.adminKeyFile());
        if (hasKey) {
            line(out, "admin key", shown(jubilee.adminKeyFile()).toString());
        }
        line(
                out,
                "data",
                shown(server.home())
                        + (embedded.isEmpty() ? "" : "  (" + String.join(", ", embedded) + ")"));
        out.println();
        out.println("Try, in another terminal:");
        out.println("  " + word(launcher) + " demo");
        if (jubilee.busPort() != 0 && hasKey) {
            out.printf(
                    "  curl -H \"Authorization: Bearer $(cat %s)\" %s%d/topics%n",
                    word(shown(jubilee.adminKeyFile()).toString()), base, jubilee.busPort());
        }
        out.println("Ctrl-C stops everything.");
        out.flush();
    }

    private static void line(PrintWriter out, String what, String where) {
        out.printf("  %-10s %s%n", what, where);
    }

    /** An address that listens to everything is reached as this machine. */
    static String reachable(String host) {
        return switch (host) {
            case "0.0.0.0", "::" -> "127.0.0.1";
            // An IPv6 address stands in brackets where a port follows.
            default -> host.contains(":") ? "[" + host + "]" : host;
        };
    }

    /** As one word of a command line. */
    private static String word(String text) {
        return text.matches("[\\w./~:@%+-]+") ? text : "'" + text.replace("'", "'\\''") + "'";
    }

    /** From here if it is below here. */
    private static Path shown(Path path) {
        Path here = Path.of("").toAbsolutePath();
        return path.startsWith(here) ? here.relativize(path) : path;
    }

    /** Counts from the launch of the process, as the one who waits does. */
    private static Duration sinceLaunch() {
        Instant now = InstantSource.system().instant();
        return Duration.between(ProcessHandle.current().info().startInstant().orElse(now), now);
    }
}
