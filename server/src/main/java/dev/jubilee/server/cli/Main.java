package dev.jubilee.server.cli;

import dev.jubilee.server.Jubilee;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The entry point of the program that the launcher starts. */
@Command(
        name = "jubilee",
        description = "A live-ops event platform for games.",
        mixinStandardHelpOptions = true,
        version = "Jubilee " + Jubilee.VERSION,
        subcommands = {Up.class, Status.class, Stop.class})
public final class Main implements Runnable {
    @Spec private CommandSpec spec = CommandSpec.create();

    @Option(
            names = "--health-check",
            description =
                    "Print nothing and exit with 0 if the platform here is ready, else with 1.")
    private boolean healthCheck;

    @Option(
            names = "--config",
            paramLabel = "FILE",
            description = "With --health-check: the file that up was started with.")
    private @Nullable Path config;

    /** Runs a command and ends the process with its exit code. */
    public static void main(String[] arguments) {
        System.exit(commandLine().execute(arguments));
    }

    static CommandLine commandLine() {
        return new CommandLine(new Main())
                .setExecutionExceptionHandler((failure, line, parsed) -> {
                    line.getErr().println("jubilee: " + Failures.oneLine(failure));
                    return 1;
                });
    }

    @Override
    public void run() {
        if (!healthCheck) {
            throw new ParameterException(spec.commandLine(), "Name a command, or --help.");
        }
        HealthProbe probe = HealthProbe.of(System.getenv(), config, Path.of(""));
        System.exit(probe.ready() ? 0 : 1);
    }
}
