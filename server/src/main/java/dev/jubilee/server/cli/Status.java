package dev.jubilee.server.cli;

import java.net.HttpURLConnection;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

@Command(
        name = "status",
        description = "Says how the platform here is; exits with 0 only when it is ready.",
        mixinStandardHelpOptions = true)
final class Status implements Callable<Integer> {
    @Spec private CommandSpec spec = CommandSpec.create();

    @Option(
            names = "--config",
            paramLabel = "FILE",
            description = "The file that up was started with.")
    private @Nullable Path config;

    @Override
    public Integer call() {
        HealthProbe probe = HealthProbe.of(System.getenv(), config, Path.of(""));
        HealthProbe.Answer answer = probe.ask();
        if (answer == null) {
            spec.commandLine()
                    .getOut()
                    .println("not running: nothing answers at " + probe.address());
            return 1;
        }
        spec.commandLine().getOut().println(answer.body().strip());
        return answer.status() == HttpURLConnection.HTTP_OK ? 0 : 1;
    }
}
