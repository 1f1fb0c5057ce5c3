package dev.jubilee.events.aggregates;

import dev.jubilee.events.DomainEvent;
import java.util.ArrayList;
import java.util.List;

/**
 * Something whose state is what its events amount to. Its methods decide, and {@link #add} what
 * happened; {@link #apply} alone changes the state, because it is also how history is replayed. Not
 * thread-safe.
 *
 * @param <D> what can happen to it; a sealed interface of records lets the compiler see that {@link
 *     #apply} forgets none
 */
public abstract class EventSourcedAggregate<D> {
    private final String id;
    private final List<D> changes = new ArrayList<>();

    /** The first of the changes as a commit tried to store them: a repetition has the same ids. */
    private final List<DomainEvent<D>> tried = new ArrayList<>();

    private long version;

    protected EventSourcedAggregate(String id) {
        this.id = id;
    }

    public final String id() {
        return id;
    }

    /** How many events it consists of, changes included; 0 if it does not exist yet. */
    public final long version() {
        return version;
    }

    /** What happened since it was loaded or committed. */
    public final List<D> changes() {
        return List.copyOf(changes);
    }

    /** Changes the state by what happened. Decides nothing and never fails. */
    protected abstract void apply(D event);

    /** Lets it happen: applied at once, stored by the next commit. */
    protected final void add(D event) {
        apply(event);
        changes.add(event);
        version++;
    }

    /** Applies an event of the past, which must be the next. */
    final void replay(D event, long itsVersion) {
        checkNext(itsVersion);
        apply(event);
        version = itsVersion;
    }

    /** Passes over an event of the past whose data was erased, which must be the next. */
    final void passOver(long itsVersion) {
        checkNext(itsVersion);
        version = itsVersion;
    }

    private void checkNext(long itsVersion) {
        if (itsVersion != version + 1) {
            throw new IllegalStateException(
                    "%s is at version %d and cannot take version %d"
                            .formatted(id, version, itsVersion));
        }
    }

    /** It came out of a snapshot of this version. */
    final void restored(long itsVersion) {
        if (version != 0) {
            throw new IllegalStateException(
                    "%s was restored with changes: apply nothing, and set its state".formatted(id));
        }
        version = itsVersion;
    }

    /** What a store must expect to append the changes: the version less the changes. */
    final long expectedVersion() {
        return version - changes.size();
    }

    final List<DomainEvent<D>> tried() {
        return tried;
    }

    final void committed() {
        changes.clear();
        tried.clear();
    }
}
