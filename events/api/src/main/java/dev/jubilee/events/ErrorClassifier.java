package dev.jubilee.events;

/**
 * Decides by the failure what to do about it. Called from any thread; where it throws, {@link
 * #DEFAULT} decides.
 */
@FunctionalInterface
public interface ErrorClassifier {
    /**
     * A {@link PermanentFailureException}, an event that cannot be read or is not of the handler's
     * kind: dead-lettered at once. A {@link ConflictException}: again at once. Everything else:
     * again after a pause.
     */
    ErrorClassifier DEFAULT =
            error ->
                    switch (error) {
                        case PermanentFailureException permanent -> Reaction.DEAD_LETTER;
                        case UnreadableEventException unreadable -> Reaction.DEAD_LETTER;
                        case ClassCastException wrongKind -> Reaction.DEAD_LETTER;
                        case ConflictException conflict -> Reaction.RETRY_NOW;
                        default -> Reaction.BACK_OFF;
                    };

    Reaction classify(Throwable error);

    /** Failures of this class so, all others as before; what is added last is asked first. */
    default ErrorClassifier on(Class<? extends Throwable> failure, Reaction reaction) {
        return error -> failure.isInstance(error) ? reaction : classify(error);
    }
}
